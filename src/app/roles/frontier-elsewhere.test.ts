import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { packRecords } from '../../log/batch.ts';
import { createFrontierElsewhere } from './frontier-elsewhere.ts';

const closed = (minute: number): string => JSON.stringify({ kind: 'closed', window_end: new Date(minute * 60_000).toISOString() });
const row = (minute: number, final: boolean): string =>
  JSON.stringify({ kind: 'row', final, window_end: new Date(minute * 60_000).toISOString() });

/** Records of the topic of windows; a second goes by from one question to the next. */
function begin() {
  const at = { now: 0, isRead: true, isAway: false };
  const records: string[] = [];
  const ask = createFrontierElsewhere('p.windows', {
    clock: { elapsed: () => at.now },
    isReadElsewhere: async () => at.isRead,
    reader: {
      async bounds() {
        if (at.isAway) throw new AppError('log_unavailable', 'away');
        return { start: 0, end: records.length, storedBytes: 0 };
      },
      async read(topic, partition, firstOffset) {
        const found = records.slice(firstOffset);
        if (found.length === 0) return undefined;
        return { topic, partition, firstOffset, count: found.length, appendTimes: new Float64Array(found.length), ...packRecords(found) };
      },
    },
  });
  async function after(seconds: number): Promise<number | undefined> {
    let minute: number | undefined;
    for (let i = 0; i < seconds; i++) {
      at.now += 1_000;
      minute = await ask();
    }
    return minute === undefined ? undefined : minute / 60_000;
  }
  return { at, records, after };
}

test('a window counts as passed when what was there after it is judged', async () => {
  const { at, records, after } = begin();
  records.push(closed(7));
  assert.equal(await after(15), undefined, 'its alerts may not stand in the log yet');
  assert.equal(await after(2), 7);
  records.push(closed(8), row(9, true), row(6, true), row(20, false), 'a test', 'null', '{}');
  at.isRead = false;
  assert.equal(await after(60), 7, 'nobody judges');
  at.isRead = true;
  assert.equal(await after(40), 9, 'what is not final may be open');
});

test('without windows, or while the log is away, it is not known', async () => {
  const { at, records, after } = begin();
  assert.equal(await after(40), -Infinity);
  at.isAway = true;
  records.push(closed(3));
  assert.equal(await after(40), -Infinity);
  at.isAway = false;
  assert.equal(await after(40), 3);
});
