/** Closings that follow from the rows of a store, at the end of the time that is read too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColumnsQuery, WindowColumns } from '../../olap-store/olap-store.ts';
import { historyFromStore } from './from-store.ts';

const START = Date.UTC(2026, 2, 2);
const minute = (count: number): number => START + count * 60_000;
const window = { name: '1m', sizeMs: 60_000, slideMs: 60_000 };

/** A store of one series with a row in each of these minutes, in pages of ten. */
function storeOf(minutes: readonly number[]) {
  return {
    async *columns({ from = -Infinity, to = Infinity, measures }: ColumnsQuery): AsyncGenerator<WindowColumns> {
      const starts = minutes.map(minute).filter((start) => start >= from && start < to);
      for (let at = 0; at < starts.length; at += 10) {
        const start = Float64Array.from(starts.slice(at, at + 10));
        const column = (): Float64Array => new Float64Array(start.length);
        yield {
          labels: [{}],
          series: new Int32Array(start.length),
          start,
          events: column(),
          corrections: column(),
          measures: measures.map(column),
        };
      }
    },
  };
}

/** Minutes that close. */
async function closed(minutes: readonly number[], to: number | undefined): Promise<number[]> {
  const found: number[] = [];
  const wanted = {
    pipeline: 'p',
    windows: [{ window, index: 0 }],
    measures: ['orders'],
    required: new Map(),
    sketched: [],
    from: undefined,
    to,
  };
  await historyFromStore(
    wanted,
    storeOf(minutes),
    ({ count, start, series, measures }) => {
      assert.deepEqual([start.length, measures.map(({ length }) => length)], [count, [count]]);
      for (let i = 0; i < count; i++) if (series[i] === -1) found.push((start[i]! - START) / 60_000);
    },
    () => {},
  );
  return found;
}

const until = (end: number): number[] => Array.from({ length: end }, (_, at) => at);

test('an outage that goes on at the end of the time read closes its windows up to there, as the log has it', async () => {
  const before = until(12);
  assert.deepEqual(await closed([...before, 20, 21], minute(16)), until(16));
  // It may have ended long after; so many are told as live.
  assert.deepEqual(await closed([...before, 500], minute(400)), until(12 + 60));
  // A window that begins before the end is of the time, whenever it ends.
  assert.deepEqual(await closed([...before, 20], minute(16) + 1), until(17));
});

test('windows that nothing follows are not over', async () => {
  assert.deepEqual(await closed(until(12), minute(16)), until(12));
  assert.deepEqual(await closed([...until(12), 20], undefined), until(21));
  assert.deepEqual(await closed([20, 21], minute(16)), []);
});
