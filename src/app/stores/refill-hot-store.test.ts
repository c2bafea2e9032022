import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { temporary } from '../../../test/support/temporary.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import { HOT_HISTORY_MS } from '../../hot-store/hot-store.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { Log, RecordBatch } from '../../log/log.ts';
import { keepFilled } from './refill-hot-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 5);
const windows = [{ name: '1m', sizeMs: MINUTE, slideMs: MINUTE }];
const config = { engine: { pipeline: 'p', windows }, topics: { windows: 'p.windows' } } as unknown as LoadedPipeline;

/** A topic of these records. `beforeRead`: may fail, or call for another fill. */
function topicOf(records: readonly unknown[], beforeRead: () => void = () => {}) {
  const packed = packRecords(records.map((record) => JSON.stringify(record)));
  return {
    bounds: async () => ({ start: 0, end: 0, storedBytes: 0 }),
    offsetAt: async () => 0,
    async read(topic: string, partition: number, offset: number) {
      beforeRead();
      if (offset > 0) return undefined;
      return { topic, partition, firstOffset: 0, count: records.length, ...packed, appendTimes: new Float64Array() } as RecordBatch;
    },
  } as unknown as Log;
}

function filling(log: Log, retryMs?: number) {
  const hotStore = createMemoryHotStore({ history: [] });
  const said: string[] = [];
  const stop = new AbortController();
  let filled = 0;
  const refill = keepFilled(hotStore, log, [config], {
    clock: systemClock,
    logger: { info: () => {}, warn: (text) => void said.push(text) },
    signal: stop.signal,
    onFilled: () => void filled++,
    ...(retryMs !== undefined && { retryMs }),
  });
  return { hotStore, refill, said, stop, filled: () => filled };
}

test('a fill that another one takes the place of: the later one says that the store is filled', async () => {
  let reads = 0;
  const found = filling(topicOf([rowAt(START)], () => void (reads++ === 0 && found.refill.again())));
  found.refill.again();
  await found.refill.settled();
  assert.deepEqual([found.filled(), await found.hotStore.isFilled('p'), found.said], [1, true, []]);
});

test('a fill that fails is begun anew, and said once', async () => {
  let failures = 3;
  const failing = (): void => {
    if (failures-- > 0) throw new Error('the disk does not answer');
  };
  const found = filling(topicOf([rowAt(START), rowAt(START + MINUTE)], failing), 1);
  found.refill.again();
  await found.refill.settled();
  assert.equal(found.filled(), 1);
  assert.equal((await found.hotStore.latest('p', '1m', {}))?.window_start, '2026-01-05T00:01:00.000Z');
  assert.deepEqual(found.said, ['the hot store is not filled from the log yet: the disk does not answer']);
});

test('after a night without windows it is filled with the day before the last one, as far as history is kept', async (t) => {
  const at = { now: START };
  const clock = { now: () => at.now, elapsed: () => 0 };
  const log = createEmbeddedLog({ path: join(temporary(t), 'log.sqlite'), clock });
  t.after(() => log.close());
  await log.ensureTopic('p.windows', { partitions: 1 });
  for (let hour = 0; hour < 40; hour++) {
    at.now = START + hour * HOUR + MINUTE;
    const records = [rowAt(START + hour * HOUR), closedAt(START + hour * HOUR)];
    await log.commit({ appends: [{ topic: 'p.windows', partition: 0, ...packRecords(records.map((record) => JSON.stringify(record))) }] });
  }
  for (const days of [0, 1, 30]) {
    at.now = START + 40 * HOUR + days * 24 * HOUR;
    const filled = createMemoryHotStore({ history: [{ pipeline: 'p', window: '1m', keepMs: HOT_HISTORY_MS }] });
    const { signal } = new AbortController();
    const refill = keepFilled(filled, log, [config], { clock, logger: silentLogger, signal });
    refill.again();
    await refill.settled();
    const kept = await filled.range('p', '1m', {}, 0, Infinity);
    assert.deepEqual([kept.length, kept[0]?.window_start], [27, '2026-01-05T13:00:00.000Z'], `${days} days later`);
  }
});

test('what others wrote among the windows is left out', async (t) => {
  const log = createEmbeddedLog({ path: join(temporary(t), 'log.sqlite'), clock: systemClock });
  t.after(() => log.close());
  await log.ensureTopic('p.windows', { partitions: 1 });
  const strangers = ['a test line', null, 'null', '{}', '{"kind":"row"}'];
  const records = [...strangers, JSON.stringify(rowAt(START)), ...strangers];
  await log.commit({ appends: [{ topic: 'p.windows', partition: 0, ...packRecords(records) }] });
  const { hotStore, refill, said, filled } = filling(log, 1_000_000);
  refill.again();
  while (filled() === 0 && said.length === 0) await nextTurn();
  assert.deepEqual([filled(), said], [1, []]);
  assert.equal((await hotStore.all('p', '1m')).length, 1);
});

test('where the log may not be read the store begins empty, and nobody waits for it', async () => {
  const refused = (): void => {
    throw new AppError('log_refused', 'no access to p.windows');
  };
  const found = filling(topicOf([], refused), 60_000);
  found.refill.again();
  await found.refill.settled();
  assert.deepEqual([found.filled(), await found.hotStore.isFilled('p')], [1, false]);
  assert.deepEqual(found.said, ['the hot store begins empty: no access to p.windows']);
});

test('a run that is to end does not wait for another try, nor one that ends meanwhile', async () => {
  const failing = (): void => {
    throw new Error('the disk does not answer');
  };
  const once = filling(topicOf([], failing));
  once.refill.again();
  await once.refill.settled();
  assert.deepEqual([once.filled(), once.said.length], [0, 1]);

  const live = filling(topicOf([], failing), 60_000);
  live.refill.again();
  setImmediate(() => live.stop.abort());
  await live.refill.settled();
  assert.equal(live.filled(), 0);
});
