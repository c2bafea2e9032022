/** Files of rows of every make: what can be judged is, and what cannot is said. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Labels } from '../../core/labels.ts';
import { runBacktest } from './backtest.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

// No time here is of the machine's clock.
process.env['TZ'] = 'Asia/Seoul';
const dir = temporary({ after });
const START = Date.UTC(2026, 2, 2);
const MINUTES = 700;
const BREAK = 640;

type Row = Record<string, unknown>;

function pipeline(name: string, detect: string, measures = ''): string {
  const path = join(dir, name);
  writeFileSync(
    path,
    `pipeline: ads
source: { topic: events }
event: { time: at, out_of_orderness: 1s, allowed_lateness: 5s }
dimensions: [country]
measures:
  impressions: { count: { kind: impression } }
  clicks: { count: { kind: click } }
  ctr: { ratio: [clicks, impressions], scale: 100, unit: "%" }
${measures}windows: [1m]
rollups: [[]]
detect:
  ${detect}
`,
  );
  return path;
}

const evidence = pipeline('evidence.yml', 'ctr: { down: 40% }');
const rule = pipeline('rule.yml', 'ctr: { detector: threshold, below: 1 }');

const minute = (at: number): string => new Date(START + at * 60_000).toISOString();
/** About nine clicks a minute, and in the last hour two. */
const clicksAt = (at: number): number => (at >= BREAK ? 2 : 7 + ((at * 7) % 5));
const measuresAt = (at: number): Row => ({ clicks: clicksAt(at), impressions: 470, ctr: (100 * clicksAt(at)) / 470 });
const flat = (change: (measures: Row, at: number) => Row = (measures) => measures): Row[] =>
  Array.from({ length: MINUTES }, (_, at) => ({ window: '1m', window_start: minute(at), country: 'KR', ...change(measuresAt(at), at) }));

async function backtest(file: string, rows: readonly Row[]) {
  const input = join(dir, 'rows.ndjson');
  writeFileSync(input, rows.map((row) => JSON.stringify(row)).join('\n'));
  const order = { file, data: join(dir, 'nowhere'), input, warmUpMs: 0, set: [], compare: false, graceMs: 0 };
  return runBacktest(order, { clock: systemClock, stdin: Readable.from([]) });
}

const refused = (message: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === 'input_unreadable' && message.test(error.message);

test('numbers that a store has quoted are numbers: the same alerts', async () => {
  const plain = await backtest(evidence, flat());
  assert.ok(plain.settings[0]!.rang > 0, 'the break rings');
  const quoted = await backtest(
    evidence,
    flat(({ clicks, impressions, ctr }) => ({ ctr, clicks: String(clicks), impressions: String(impressions), events: '470' })),
  );
  assert.deepEqual(quoted.settings[0]!.alerts, plain.settings[0]!.alerts);
  const exact = await backtest(
    evidence,
    flat(({ clicks, impressions, ctr }) => ({ ctr, clicks: `${String(clicks)}.0`, impressions: `${Number(impressions) / 10}e1` })),
  );
  assert.deepEqual(exact.settings[0]!.alerts, plain.settings[0]!.alerts);
});

test('what is no number is refused with its line, also in a part of a watched ratio', async () => {
  for (const clicks of ['9 clicks', '', ' 9', '0x9', '1,000', '09', 'NaN', '1e999', true, [9]]) {
    await assert.rejects(
      backtest(
        evidence,
        flat((measures, at) => (at === 3 ? { ...measures, clicks } : measures)),
      ),
      refused(/rows\.ndjson:4: clicks: found .+; expected a number or null$/),
      String(clicks),
    );
  }
});

test('a detector that judges the parts of a ratio is not given the ratio alone', async () => {
  const alone = flat(({ ctr }) => ({ ctr }));
  await assert.rejects(
    backtest(evidence, alone),
    refused(
      /found no row with a field clicks, impressions; expected the measures that are watched, and those that their ratios are made of$/,
    ),
  );
  const { settings, notes } = await backtest(rule, alone);
  assert.equal(settings[0]!.rang, 1, 'a limit is one of the value');
  assert.ok(notes.every((note) => !/no field/.test(note)));
  await assert.rejects(
    backtest(pipeline('volume.yml', 'ctr: { detector: threshold, below: 1, min_volume: 20 }'), alone),
    refused(/found no row with a field impressions;/),
  );
});

test('rows that lack a measure are counted, and so is one that is null throughout', async () => {
  const some = await backtest(
    evidence,
    flat(({ clicks, ...others }, at) => (at % 100 === 4 ? others : { ...others, clicks })),
  );
  assert.ok(
    some.notes.some((note) =>
      /^7 rows of .*rows\.ndjson have no field clicks, the first in line 5: what looks at it had nothing/.test(note),
    ),
    some.notes.join('\n'),
  );
  const none = await backtest(
    evidence,
    flat((measures) => ({ ...measures, clicks: null, impressions: null })),
  );
  assert.ok(
    none.notes.some((note) => /^clicks, impressions are null in every row of .*rows\.ndjson$/.test(note)),
    none.notes.join('\n'),
  );
  const whole = await backtest(evidence, flat());
  assert.ok(whole.notes.every((note) => !/no field|null in every/.test(note)));
});

test('rows that are not final are nothing to judge', async () => {
  await assert.rejects(
    backtest(
      evidence,
      flat((measures) => ({ ...measures, final: false })),
    ),
    refused(/found provisional rows alone of 1m; expected rows that are final$/),
  );
});

test('a time as a store has written it is UTC, whatever the clock of the machine; one without a zone is refused', async () => {
  const plain = await backtest(evidence, flat());
  assert.equal(plain.from, minute(0));
  const stored = await backtest(
    evidence,
    flat((measures, at) => ({ ...measures, window_start: minute(at).replace('T', ' ').replace('Z', '') })),
  );
  assert.equal(stored.from, minute(0));
  assert.deepEqual(stored.settings[0]!.alerts, plain.settings[0]!.alerts);
  for (const window_start of ['2026-03-02T09:00:00', '2026-03-02 09:00', '2026-02-30 09:00:00', 'Mar 2, 2026', '1772442000000']) {
    await assert.rejects(
      backtest(
        evidence,
        flat((measures) => ({ ...measures, window_start })),
      ),
      refused(/rows\.ndjson:1: found window_start ".+"; expected a time such as 2026-03-02T09:00:00Z, or as ClickHouse has it/),
      window_start,
    );
  }
});

const record = (at: number, labels: Labels, measures: unknown): Row => ({
  ...rowAt(START + at * 60_000, { pipeline: 'ads', labels, events: 470 }),
  measures,
});
const closed = (at: number): Row => ({ ...closedAt(START + at * 60_000, { pipeline: 'ads' }) });
const records = (change: (measures: Row, at: number) => unknown): Row[] =>
  flat().flatMap((_, at) => [record(at, { country: 'KR' }, change(measuresAt(at), at)), closed(at)]);

test('records of the topic of windows are looked at too', async () => {
  const plain = await backtest(evidence, flat());
  const whole = await backtest(
    evidence,
    records((measures) => measures),
  );
  assert.deepEqual(whole.settings[0]!.alerts, plain.settings[0]!.alerts);
  await assert.rejects(
    backtest(
      evidence,
      records(({ ctr }) => ({ ctr })),
    ),
    refused(/found no row with a field clicks, impressions;/),
  );
  await assert.rejects(
    backtest(
      evidence,
      records((measures, at) => (at === 2 ? { ...measures, impressions: '470' } : measures)),
    ),
    refused(/rows\.ndjson:5: impressions: found "470"; expected a number or null$/),
  );
  await assert.rejects(
    backtest(
      evidence,
      records(() => undefined),
    ),
    refused(/rows\.ndjson:1: found a row without labels or measures; expected a record of the topic of windows/),
  );
});

test('a record of the topic of windows that lacks a field, or has another in its place, is refused with its line', async () => {
  const whole = records((measures) => measures);
  const spoilt = (line: number, change: Row): Row[] => whole.map((row, index) => (index === line - 1 ? { ...row, ...change } : row));
  const ofRow = 'window_start, window_end, labels, measures, state, events, version, origin, partitions';
  const cases: [number, Row, string][] = [
    [3, { window_start: 'x' }, `row" in which one of ${ofRow}`],
    [5, { state: undefined }, `row" in which one of ${ofRow}`],
    [7, { version: 'new' }, `row" in which one of ${ofRow}`],
    [4, { window_start: 'x' }, 'closed" in which one of window_start, window_end'],
  ];
  for (const [line, change, found] of cases) {
    await assert.rejects(
      backtest(evidence, spoilt(line, change)),
      refused(
        new RegExp(`rows\\.ndjson:${line}: found a record of kind "${found} is missing or none; expected a record of the topic of windows`),
      ),
    );
  }
});

test('what becomes of records is asked of the total alone', async () => {
  const file = pipeline('outcomes.yml', 'late: { detector: threshold, above: 5, over: rollups }', '  late: { outcome: late }\n');
  const rows = Array.from({ length: 5 }, (_, at) => [
    record(at, { country: 'KR' }, measuresAt(at)),
    record(at, {}, { ...measuresAt(at), late: at === 3 ? 9 : 0 }),
    closed(at),
  ]).flat();
  const { settings, notes } = await backtest(file, rows);
  assert.equal(settings[0]!.rang, 1);
  assert.ok(
    notes.every((note) => !/no field/.test(note)),
    notes.join('\n'),
  );
  const without = rows.map((row) => (row['kind'] === 'row' ? { ...row, measures: measuresAt(0) } : row));
  await assert.rejects(backtest(file, without), refused(/found no row with a field late;/));
});
