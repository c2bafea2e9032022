/** Places of segments over days, however the records are cut, whatever is kept in panes and how often the partition begins anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { judge } from '../oracle/oracle.ts';
import { smallSource, smallSpec } from '../support/small-spec.ts';
import { runs } from './runs.ts';
import { packRecords } from '../../src/log/batch.ts';
import { createCopiedOrigins } from '../../src/windows/copied-origins.ts';
import { createDecoder, parseJson } from '../../src/windows/decode/decoder.ts';
import { createPartition, type Partition } from '../../src/windows/partition.ts';
import { compilePlan } from '../../src/windows/plan.ts';
import { createReplay } from '../../src/windows/replay.ts';
import { createSnapshot, type Snapshot } from '../../src/windows/snapshot.ts';

const HOUR = 3_600_000;
const source = smallSource({ event: { allowedLatenessMs: 30 * HOUR } });
const limits = { maxSeries: 3 };
const spec = smallSpec({
  sources: [source],
  dimensions: ['c', 'd'],
  rollups: [['d'], []],
  windows: [{ name: '1h', sizeMs: HOUR, slideMs: HOUR }],
  limits,
});
const plan = compilePlan(spec);

interface Life {
  readonly partition: Partition;
  readonly snapshot: Snapshot;
}

function life(stored: ReadonlyMap<string, unknown>): Life {
  const decoder = createDecoder(plan, source, { parse: parseJson, idKey: [1, 2] });
  const partition = createPartition(plan, source, decoder);
  const copied = createCopiedOrigins([]);
  const replay = createReplay({ plan, origins: 't/0/', completeFrom: -Infinity }, { decoder, ids: partition.internals.ids, copied });
  const snapshot = createSnapshot({ partition, replay, copied, columns: plan.columns.length }, [1, 2]);
  // In the order of the keys, as a log gives it.
  snapshot.restore([...stored].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { partition, snapshot };
}

/** What has become of the partition so far: by pane and labels how many events, and what a commit would leave. */
function counting() {
  const stored = new Map<string, unknown>();
  const found = new Map<string, number>();

  function commit({ partition, snapshot }: Life, isDropping: boolean): void {
    const live = partition.takeChangedPanes();
    for (const { start, cells } of live) {
      cells.forEach((list, g) => {
        for (const { labels, events } of list) found.set(`${start} ${plan.groupings[g]!.join()} ${labels.join()}`, events);
      });
    }
    for (const start of isDropping ? partition.expiredPanes() : []) {
      partition.internals.panes.drop(start);
      snapshot.dropped(start);
    }
    for (const [key, value] of snapshot.takeChanges({ live, replayed: [] })) {
      if (value === null) stored.delete(key);
      else stored.set(key, structuredClone(value));
    }
  }
  return { stored, found, commit };
}

const event = fc.record({
  gapMs: fc.oneof(fc.nat({ max: HOUR }), fc.nat({ max: 9 * HOUR }), fc.constantFrom(6 * HOUR, 24 * HOUR), fc.nat({ max: 40 * HOUR })),
  lateMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 35 * HOUR })),
  c: fc.constantFrom('a', 'b', 'c', 'x', 'y', 'other'),
  d: fc.constantFrom('1', 'other'),
});

test('who has a place follows from the records alone', () => {
  const cut = fc.record({
    records: fc.integer({ min: 1, max: 20 }),
    commits: fc.boolean(),
    drops: fc.boolean(),
    dies: fc.constantFrom(true, false, false),
  });
  let othered = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 10, maxLength: 80, size: 'max' }), fc.array(cut, { minLength: 1 }), (events, cuts) => {
      // In the quarters from here on numbers are not in the order of their texts.
      let now = 570 * HOUR;
      const texts = events.map(({ gapMs, lateMs, c, d }, i) => JSON.stringify({ id: `${i}`, at: (now += gapMs) - lateMs, c, d }));
      const { stored, found, commit } = counting();
      let current = life(stored);
      let committed = 0;
      for (let from = 0, turn = 0; from < texts.length; turn++) {
        const { records, commits, drops, dies } = cuts[turn % cuts.length]!;
        const { bytes, ends } = packRecords(texts.slice(from, from + records));
        const count = ends.length;
        const place = { topic: 't', partition: 0, firstOffset: from };
        current.partition.process({ ...place, count, bytes, ends, appendTimes: new Float64Array(count) }, 'event');
        from += count;
        if (commits) commit(current, drops);
        if (commits) committed = from;
        // What was not committed is read again, but not for ever.
        if (dies && (commits || turn < 10)) {
          current = life(stored);
          from = committed;
        }
      }
      commit(current, true);
      const { rows } = judge(spec, [[texts.map((text) => ({ bytes: Buffer.from(text), appendTime: 0 }))]], { clock: 'event' });
      const wanted = rows.map(({ start, labels, values }) => {
        const names = Object.keys(labels).map((name) => spec.dimensions.indexOf(name));
        return [`${start} ${names.join()} ${Object.values(labels).join()}`, values.events] as const;
      });
      othered += wanted.filter(([key]) => key.endsWith('other,other')).length;
      assert.deepEqual(found, new Map(wanted));
      assert.ok([...stored.keys()].filter((key) => key.startsWith('place/')).length <= 5, 'what is over is not kept');
    }),
    runs(40),
  );
  assert.ok(othered > 40);
});

test('a state of all segments that ever came is taken as of now, and written anew', () => {
  const { stored, commit } = counting();
  const begun = life(stored);
  const send = ({ partition }: Life, firstOffset: number, at: number, c: string): string[] => {
    const { bytes, ends } = packRecords([JSON.stringify({ id: `${firstOffset}`, at, c, d: '1' })]);
    partition.process({ topic: 't', partition: 0, firstOffset, count: 1, bytes, ends, appendTimes: Float64Array.of(0) }, 'event');
    return Array.from(partition.takeChangedPanes().at(-1)!.cells[0]!, ({ labels }) => labels[0]!);
  };
  send(begun, 0, 100 * HOUR, 'x');
  commit(begun, true);
  for (const key of stored.keys()) if (key.startsWith('place/')) stored.delete(key);
  stored.set('meta', { ...(stored.get('meta') as object), format: 3 });
  const old = [['other', 'other'], ['x', '1'], ['y', '1'], ['z', '1']]; // prettier-ignore
  stored.set('series/000000000003', old);

  const first = life(stored);
  assert.deepEqual(send(first, 1, 101 * HOUR, 'a'), ['other']);
  commit(first, true);
  assert.ok(!stored.has('series/000000000003'));
  const second = life(stored);
  assert.deepEqual(send(second, 2, 125 * HOUR, 'a'), ['other']);
  assert.deepEqual(send(second, 3, 126 * HOUR, 'a'), ['a'], 'they had a day to come');
});
