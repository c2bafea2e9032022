import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { ACCEPTED, DUPLICATE, INVALID, LATE } from '../core/outcome.ts';
import { packRecords } from '../log/batch.ts';
import type { RecordBatch } from '../log/log.ts';
import { createDecoder, parseJson } from './decode/decoder.ts';
import { createPartition } from './partition.ts';
import { compilePlan } from './plan.ts';
import { createCopiedOrigins, type CopiedOrigins } from './copied-origins.ts';
import { createReplay, type Replay } from './replay.ts';
import { createSnapshot, type Snapshot } from './snapshot.ts';

const DAY = 86_400_000;
const source = smallSource({ event: { dedupMs: 1_000 } });
const plan = compilePlan(smallSpec({ sources: [source] }));

function life(unread: readonly number[] = []): {
  copied: CopiedOrigins;
  snapshot: Snapshot;
  replay: Replay;
  send(value: object, key: string, at: number): void;
} {
  const decoder = createDecoder(plan, source, { parse: parseJson, idKey: [1, 2] });
  const partition = createPartition(plan, source, decoder);
  const copied = createCopiedOrigins(unread);
  const replay = createReplay({ plan, origins: 't/0/', completeFrom: -Infinity }, { decoder, ids: partition.internals.ids, copied });
  const send = (value: object, key: string, at: number): void => {
    const { bytes, ends, keys } = packRecords([JSON.stringify(value)], [key]);
    const batch: RecordBatch = {
      topic: 'p.replay',
      partition: 0,
      firstOffset: 0,
      count: 1,
      bytes,
      ends,
      ...(keys && { keys }),
      appendTimes: Float64Array.of(at),
    };
    replay.process(batch, partition.watermark);
  };
  return { snapshot: createSnapshot({ partition, replay, copied, columns: plan.columns.length }, [1, 2]), copied, replay, send };
}

/** Takes what changed into a store, as a commit does. */
function commit({ snapshot, replay }: ReturnType<typeof life>, stored: Map<string, unknown>): void {
  for (const [key, value] of snapshot.takeChanges({ live: [], replayed: replay.takeChangedPanes() })) {
    if (value === null) stored.delete(key);
    else stored.set(key, value);
  }
}

test('a verdict is kept as long after the last time an origin was judged, also where it had been refused before', () => {
  const stored = new Map<string, unknown>();
  const first = life();
  first.send({ id: 'a' }, 't/0/1', 0);
  commit(first, stored);
  first.send({ id: 'a', at: 5 }, 't/0/1', 29 * DAY);
  commit(first, stored);
  first.send({ id: 'b', at: 6 }, 't/0/2', 31 * DAY);
  commit(first, stored);

  const second = life();
  second.snapshot.restore([...stored]);
  assert.equal(second.replay.replayed, 2);
  second.send({ id: 'c', at: 7 }, 't/0/1', 32 * DAY);
  assert.equal(second.replay.replayed, 2, 'an origin counts once');
  second.send({ id: 'd', at: 8 }, 't/0/3', 62 * DAY);
  commit(second, stored);
  assert.deepEqual(
    [...stored.keys()].filter((key) => key.startsWith('verdict/')),
    ['verdict/t/0/3'],
  );
});

test('a state of another format is refused, with what to do', () => {
  const stored = new Map<string, unknown>();
  commit(life(), stored);
  const meta = stored.get('meta') as { readonly format: number };
  for (const format of [meta.format - 2, meta.format + 1]) {
    stored.set('meta', { ...meta, format });
    assert.throws(() => life().snapshot.restore([...stored]), {
      code: 'data_format',
      message: new RegExp(
        `has format ${format}; this Tocsin reads formats ${meta.format - 1} and ${meta.format}\\. Use the version of Tocsin that wrote it, or`,
      ),
    });
  }
});

test('panes come back as they were', () => {
  const stored = new Map<string, unknown>();
  const first = life();
  for (const id of ['a', 'b']) first.send({ id, at: 12_000 }, `t/0/${id}`, 1);
  commit(first, stored);
  const { replayed } = life().snapshot.restore([...stored]);
  assert.deepEqual(replayed, [
    { start: 10_000, cells: [[{ labels: [], key: '[]', events: 2, offsets: replayed[0]!.cells[0]!.at(0)!.offsets, values: [2] }]] },
  ]);
});

test('what the partition took does not count through its copy, also after a restart; then it is forgotten', () => {
  const stored = new Map<string, unknown>();
  const first = life([9, 3, 4, 5]);
  first.copied.note({ firstOffset: 0, count: 4 }, Uint8Array.of(LATE, LATE, LATE, ACCEPTED, ACCEPTED));
  first.copied.note({ firstOffset: 4, count: 2 }, Uint8Array.of(DUPLICATE, INVALID));
  commit(first, stored);
  assert.deepEqual(
    [...stored.keys()].filter((key) => key.startsWith('copied/')),
    ['copied/3', 'copied/4'],
  );
  const second = life([9]);
  second.snapshot.restore([...stored]);
  for (const offset of [3, 4, 5]) second.send({ id: `n${offset}`, at: 1_000 }, `t/0/${offset}`, 1);
  assert.equal(second.replay.replayed, 1, 'offset 5 alone was refused');
  commit(second, stored);
  assert.deepEqual(
    [...stored.keys()].filter((key) => key.startsWith('copied/')),
    [],
  );
  const third = life();
  third.snapshot.restore([...stored]);
  third.send({ id: 'n3', at: 1_000 }, 't/0/3', 1);
  assert.equal(third.replay.replayed, 1, 'its verdict is kept');
});
