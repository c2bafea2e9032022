/** Window sizes of which not the same time is there, as where a store keeps hours longer than minutes. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import type { BacktestIncident } from '../../server/api.ts';
import { runBacktest, type BacktestOptions } from './backtest.ts';
import { temporary } from '../../../test/support/temporary.ts';

const dir = temporary({ after });
const START = Date.UTC(2026, 2, 2);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const day = (count: number): number => START + count * DAY;
const iso = (time: number): string => new Date(time).toISOString();

const file = join(dir, 'shop.yml');
writeFileSync(
  file,
  `pipeline: shop
source: { topic: events }
event: { time: at, out_of_orderness: 1s, allowed_lateness: 5s }
dimensions: [country]
measures:
  orders: { count: { kind: order } }
  visits: { count: { kind: visit } }
windows: [1m, 1h]
detect:
  orders: { detector: ema-threshold, up: 400%, warm_up: 5, forget_after: 1d }
  visits: { detector: ema-threshold, up: 400%, warm_up: 5, forget_after: 1d, window: 1h }
`,
);

/** Ten days of hours, in which visits rise on day 2; the last three of minutes, in which orders do on days 7 and 9. */
const rows = [
  ...rowsOf('1h', HOUR, 0, (time) => ({ orders: 600, visits: time === day(2) ? 6_000 : 600 })),
  ...rowsOf('1m', 60_000, 7, (time) => ({ orders: time === day(7) + 2 * HOUR || time === day(9) ? 100 : 10, visits: 10 })),
];
const input = join(dir, 'rows.ndjson');
writeFileSync(input, rows.join('\n'));

function rowsOf(window: string, sizeMs: number, fromDay: number, measures: (time: number) => object): string[] {
  return Array.from({ length: ((10 - fromDay) * DAY) / sizeMs }, (_, i) => {
    const time = day(fromDay) + i * sizeMs;
    return JSON.stringify({ window, window_start: iso(time), country: 'KR', ...measures(time) });
  });
}

function backtest(options: Partial<BacktestOptions>) {
  const order = { file, data: join(dir, 'nowhere'), input, warmUpMs: DAY, set: [], compare: false, graceMs: 0, from: day(1), ...options };
  return runBacktest(order, { clock: systemClock, stdin: Readable.from([]) });
}

test('of each size the first day is its own, rates are by its own days, and what is missing is said', async () => {
  const { settings, notes, days, from, to, learnt_from } = await backtest({});
  assert.deepEqual([days, from, to, learnt_from], [9, iso(day(1)), iso(day(10)), iso(day(0))]);
  const [{ rang, rang_first_day, rang_after_first_day, rang_per_day, rang_per_day_after_first_day }] = settings as [(typeof settings)[0]];
  assert.deepEqual([rang, rang_first_day, rang_after_first_day], [3, 1, 2]);
  assert.equal(rang_per_day, 1 / 9 + 2 / 3);
  assert.equal(rang_per_day_after_first_day, 1 / 9 + 1 / 2);
  assert.ok(
    notes.some((note) =>
      note.startsWith('windows of 1m are there from 2026-03-09 00:00 UTC on alone: what looks at them had nothing to judge before'),
    ),
    notes.join('\n'),
  );
});

test('less to learn from than was asked for is said of the size that it is true of', async () => {
  const lessOf = async (options: Partial<BacktestOptions>): Promise<string[]> =>
    (await backtest(options)).notes.filter((note) => /to learn from/.test(note));
  assert.deepEqual(await lessOf({ from: day(8), warmUpMs: 8 * DAY }), [
    'of 8d to learn from before --from only 24 hours are there of windows of 1m',
  ]);
  assert.deepEqual(await lessOf({ from: day(8), warmUpMs: DAY }), []);
  // All of one text is said once.
  assert.deepEqual(await lessOf({ from: day(8), warmUpMs: 8 * DAY, set: ['detect.visits=null'] }), [
    'of 8d to learn from before --from only 24 hours are there',
  ]);
  // The first hour that is whole begins within the first hour.
  assert.deepEqual(await lessOf({ from: day(8) + 60_000, warmUpMs: DAY }), []);
});

test('an incident is outside where no window was judged in which it could ring', async () => {
  const at = { start: iso(day(3)), end: iso(day(3) + HOUR) };
  const found = { start: iso(day(9)), end: iso(day(9) + HOUR), measure: 'orders' };
  const incidents: BacktestIncident[] = [{ ...at, measure: 'orders' }, { ...at, measure: 'visits' }, at, found];
  const { settings } = await backtest({ incidents: () => incidents });
  const { score } = settings[0]!;
  assert.deepEqual(
    score!.incidents.map(({ outside }) => outside),
    [true, false, false, false],
  );
  assert.deepEqual(
    [score!.recall, score!.precision],
    [
      { count: 1, of: 3 },
      { count: 1, of: 3 },
    ],
  );
  assert.equal(score!.false_alarms_per_day, 1 / 9 + 1 / 3);
  // Of two settings the one that does not watch it has missed it.
  const unwatched = await backtest({ incidents: () => [found], set: ['detect.orders=null'] });
  assert.deepEqual(unwatched.settings[0]!.score!.recall, { count: 0, of: 1 });
});
