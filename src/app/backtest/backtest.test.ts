/** A backtest against a run of the same events: the same alerts, whatever history it reads. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { flatRow } from '../../windows/row-merge.ts';
import type { WindowRecord } from '../../windows/row.ts';
import type { Episode } from '../../alerts/episodes.ts';
import { readAlerts } from '../readers/alerts.ts';
import { batches, choosePipeline, textAt, withReading } from '../readers/reading.ts';
import { readWindows } from '../readers/windows.ts';
import { runPipelines } from '../run.ts';
import { runBacktest, type BacktestOptions } from './backtest.ts';
import { backtestInThread } from './backtest-thread.ts';
import { packRecords } from '../../log/batch.ts';
import { openDataDir } from '../../log/embedded/data-dir.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { chdbMissing } from '../../../test/support/chdb.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { rowAt } from '../../../test/support/window-row.ts';

const dir = temporary({ after });
const at = (name: string): string => join(dir, name);
const START = Date.UTC(2026, 2, 2, 9);
const minute = (count: number): number => START + count * 60_000;
const noChdb = chdbMissing();

writeFileSync(
  at('shop.yml'),
  `pipeline: shop
source: { topic: orders }
event: { id: id, time: at, out_of_orderness: 1s, allowed_lateness: 5s, dedup: 5m }
dimensions: [country]
measures:
  orders: { count: { kind: order } }
  visits: { count: { kind: visit } }
  conv: { ratio: [orders, visits], scale: 100, unit: "%" }
windows: [1m, 5m]
rollups: [[]]
detect:
  conv: { detector: ema-threshold, down: 50%, up: 100%, min_volume: 20, warm_up: 5, over: all }
  visits: { detector: threshold, above: 250, window: 5m }
`,
);

/** From 09:30 on ten minutes with a fifth of the orders in KR; from 09:50 on three with double the visits in US; KR falls silent. */
function events(): string[] {
  const found: { time: number; kind: string; country: string }[] = [];
  const add = (kind: string, country: string, from: number, count: number): void => {
    for (let i = 0; i < count; i++) found.push({ time: from + Math.floor((i * 60_000) / count), kind, country });
  };
  for (let m = 0; m < 75; m++) {
    for (const country of m < 65 ? ['KR', 'US'] : ['US']) {
      add('visit', country, minute(m), country === 'US' && m >= 50 && m < 53 ? 100 : 50);
      add('order', country, minute(m), country === 'KR' && m >= 30 && m < 40 ? 2 : 10);
    }
  }
  found.sort((a, b) => a.time - b.time);
  return found.map(({ time, kind, country }, id) => JSON.stringify({ id: `e${id}`, at: new Date(time).toISOString(), kind, country }));
}

let rang: Episode[] = [];
before(async () => {
  writeFileSync(at('events.ndjson'), `${events().join('\n')}\n`);
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });
  const olapStore = noChdb ? 'none' : 'embedded';
  const run = { files: [at('shop.yml')], data: at('data'), input: at('events.ndjson'), once: true, json: true, notify: false, quiet: true };
  await runPipelines(
    { ...run, olapStore, revision: { kind: 'same' } },
    { stdin: Readable.from([]), stdout: nowhere(), stderr: nowhere(), signal: new AbortController().signal },
  );
  await withReading(at('data'), systemClock, async (reading) => {
    const record = choosePipeline(reading, undefined);
    rang = await readAlerts(reading.log, record, {});
    const flat: string[] = [];
    for await (const row of readWindows(reading.log, record, {})) flat.push(JSON.stringify(flatRow(row)));
    writeFileSync(at('flat.ndjson'), flat.join('\n'));
    const { end } = await reading.log.bounds(record.topics.windows, 0);
    const records: string[] = [];
    for await (const batch of batches(reading.log, record.topics.windows, 0, 0, end)) {
      for (let i = 0; i < batch.count; i++) records.push(textAt(batch, i));
    }
    writeFileSync(at('records.ndjson'), records.join('\n'));
    writeFileSync(at('open.ndjson'), records.filter((text) => (JSON.parse(text) as WindowRecord).kind === 'row').join('\n'));
  });
});

const backtest = (options: Partial<BacktestOptions> = {}) =>
  runBacktest(
    { file: at('shop.yml'), data: at('data'), warmUpMs: 0, set: [], compare: false, graceMs: 0, history: 'log', ...options },
    { clock: systemClock, stdin: Readable.from([]) },
  );

test('every history gives the alerts of the run, to the last field', async () => {
  assert.deepEqual(
    rang.map(({ alert_type, series }) => [alert_type, series]),
    [
      ['conv_drop', 'conv{country="KR"}'],
      ['conv_spike', 'conv{country="KR"}'],
      ['visits_spike', 'visits{country="US"}'],
    ],
  );
  const histories: [string, Partial<BacktestOptions>][] = [
    ['log', {}],
    ['events', { input: at('events.ndjson') }],
    ['windows', { input: at('records.ndjson') }],
    ['windows', { input: at('flat.ndjson') }],
  ];
  for (const [source, options] of histories) {
    const report = await backtest(options);
    assert.equal(report.source, source);
    // A look is a live matter: it would be in the record of the run alone.
    assert.deepEqual(report.settings[0]!.alerts, rang, options.input ?? source);
    // The third is a rule's, which is as good on its first day as on any.
    assert.equal(report.settings[0]!.rang_first_day, 2);
    assert.equal(report.settings[0]!.rang_after_first_day, 0);
    assert.deepEqual([report.windows, report.rows], [74 + 14, 65 * 3 + 9 * 2 + 13 * 3 + 2], options.input ?? source);
    assert.deepEqual([report.from, report.to], [new Date(START).toISOString(), new Date(minute(74)).toISOString()]);
  }
});

test('the keys that came too often are named here too', async () => {
  writeFileSync(
    at('clicks.yml'),
    `pipeline: clicks
source: { topic: clicks }
event: { time: at, out_of_orderness: 1s, allowed_lateness: 5s }
dimensions: [country]
measures: { users: { heavy_hitters: user, keep: 8 } }
windows: [1m]
detect: { users: { detector: frequency, more_than: 20 } }
`,
  );
  const lines = Array.from({ length: 400 }, (_, i) => {
    const user = i >= 200 && i < 300 ? 'robot' : `user${i}`;
    return JSON.stringify({ at: new Date(START + i * 500).toISOString(), user, country: i % 4 === 3 ? 'KR' : 'US' });
  });
  writeFileSync(at('clicks.ndjson'), lines.join('\n'));
  const { settings, notes } = await backtest({ file: at('clicks.yml'), input: at('clicks.ndjson') });
  const named = ([setting]: typeof settings): unknown[] =>
    setting!.alerts.map(({ series, explanation }) => [series, explanation.keys?.map(({ key }) => key)]);
  assert.deepEqual(named(settings), [['users{country="US"}', ['robot']]]);
  assert.ok(!notes.some((note) => /name no keys/.test(note)));
  // A rule has no baseline to lack, where another detector does.
  assert.ok(!notes.some((note) => /without a baseline/.test(note)));
  assert.ok((await backtest()).notes.some((note) => /without a baseline/.test(note)));

  const [most, usual] = [100, 1];
  const flat = Array.from({ length: 3 }, (_, m) =>
    JSON.stringify({ window: '1m', window_start: new Date(minute(m)).toISOString(), country: 'US', users: m === 1 ? most : usual }),
  );
  writeFileSync(at('flat-clicks.ndjson'), flat.join('\n'));
  const report = await backtest({ file: at('clicks.yml'), input: at('flat-clicks.ndjson') });
  assert.deepEqual(named(report.settings), [['users{country="US"}', []]]);
  assert.deepEqual(
    report.notes.filter((note) => /name no keys/.test(note)),
    ['the alerts of heavy hitters name no keys here: flat rows do not hold them; the records of the topic of windows do'],
  );
});

test('the OLAP store gives them too, in the thread that HTTP requests use', { skip: noChdb }, async () => {
  const order = { file: at('shop.yml'), data: at('data'), warmUpMs: 0, set: [], compare: false, graceMs: 0 };
  const report = await backtestInThread(order, new AbortController().signal);
  assert.equal(report.source, 'olap');
  assert.ok(!report.notes.some((note) => /OLAP store is behind/.test(note)));
  assert.deepEqual(
    report.settings[0]!.alerts.toSorted((a, b) => a.alert_time.localeCompare(b.alert_time)),
    rang,
  );
});

test('a span of time: what lies before it is learnt from, what lies outside rings nothing', async () => {
  const span = { from: minute(35), to: minute(50) };
  const learnt = await backtest({ ...span, warmUpMs: 3_600_000 });
  assert.deepEqual(
    learnt.settings[0]!.alerts.map(({ alert_type }) => alert_type),
    ['conv_spike'],
  );
  assert.equal(learnt.learnt_from, new Date(START).toISOString());
  const cold = await backtest(span);
  assert.equal(cold.learnt_from, new Date(minute(35)).toISOString());
  const nothing = await backtest({ from: minute(200) });
  assert.equal(nothing.from, null);
  assert.ok(nothing.notes.includes('there is no window of this time: nothing was judged'));
});

test('two settings side by side, incidents for both; the directory is as it was', async () => {
  const files = (): Set<string> => new Set(readdirSync(at('data'), { recursive: true, encoding: 'utf8' }));
  const there = files();
  const incident = { start: new Date(minute(30)).toISOString(), end: new Date(minute(40)).toISOString(), labels: { country: 'KR' } };
  const report = await backtest({ set: ['detect.conv.down=85%', 'detect.visits=null'], compare: true, incidents: () => [incident] });
  assert.deepEqual(
    report.settings.map(({ name, rang: count, score }) => [name, count, score!.recall, score!.precision]),
    [
      ['file', 3, { count: 1, of: 1 }, { count: 1, of: 3 }],
      ['set', 1, { count: 0, of: 1 }, { count: 0, of: 1 }],
    ],
  );
  assert.equal(report.settings[0]!.score!.delay_ms!.median, 60_000);
  assert.deepEqual(
    report.comparison!.map(({ alert_type, file, set }) => [alert_type, file !== null, set !== null]),
    [
      ['conv_drop', true, false],
      ['conv_spike', true, true],
      ['visits_spike', true, false],
    ],
  );
  assert.deepEqual(files(), there);
});

test('an incident that no series can be of is told', async () => {
  const incident = { start: new Date(minute(30)).toISOString(), end: new Date(minute(40)).toISOString(), labels: { country: 'kr' } };
  const { notes } = await backtest({ incidents: () => [incident] });
  assert.ok(notes.includes('incident 1: no series had country="kr"; did you mean "KR"?'), notes.join('\n'));
});

test('rules are held to no budget; a detector that keeps to it is', async () => {
  const { settings } = await backtest({ set: ['detect.conv={ down: 50% }'], compare: true });
  assert.deepEqual(
    settings.map(({ false_alarms_per_day: budget }) => budget),
    [null, 1],
  );
});

test('events are counted anew where the change is of the windows; stored windows refuse it', async () => {
  const set = ['measures.conv={ ratio: [orders, visits], scale: 1 }', 'windows=[2m, 5m]', 'detect.conv.window=2m'];
  const { settings } = await backtest({ input: at('events.ndjson'), set });
  assert.equal(settings[0]!.alerts[0]!.window, '2m');
  assert.equal(settings[0]!.alerts[0]!.current_value, 0.04);
  await assert.rejects(backtest({ set }), /compute conv otherwise/);
  await assert.rejects(backtest({ set: ['limits.max_series=3'] }), /change of the windows themselves/);
});

test('a wrong file of rows, place or setting is named with what was found in it', async () => {
  writeFileSync(at('mixed.ndjson'), `{"window":"1m","window_start":"2026-03-02T09:00:00Z"}\n{"id":"e1"}\n`);
  writeFileSync(
    at('back.ndjson'),
    `{"window":"1m","window_start":"2026-03-02T09:01:00Z"}\n{"window":"1m","window_start":"2026-03-02T09:00:00Z"}\n`,
  );
  for (const [options, message] of [
    [{ compare: true }, /^--compare: found nothing to compare/],
    [{ input: at('mixed.ndjson') }, /mixed\.ndjson:2: found something else; expected a row of a window/],
    [{ input: at('back.ndjson') }, /back\.ndjson:2: found a window that starts before the one above it/],
    [{ input: at('open.ndjson') }, /no record that closes a window/],
    [{ input: at('nowhere.ndjson') }, /nowhere\.ndjson/],
    [{ data: at('nowhere') }, /nowhere: it does not exist/],
    [{ set: ['pipeline=other'] }, /the pipeline that the file names/],
    [{ from: minute(2), to: minute(1) }, /from and to: found from .*; expected an end after the beginning/],
  ] as const) {
    await assert.rejects(backtest(options), (error) => error instanceof AppError && message.test(error.message), String(message));
  }
});

test('settings with other windows are judged side by side as they are alone, from standard input and a FIFO too', async () => {
  const set = ['windows=[5m, 1m]', 'detect.conv.window=5m', 'detect.conv.warm_up=1', 'dimensions=[]', 'rollups=null'];
  const alone = await backtest({ input: at('events.ndjson'), set });
  assert.ok(alone.settings[0]!.rang > 0);
  const { stdin, ...deps } = { clock: systemClock, stdin: Readable.from([readFileSync(at('events.ndjson'))]) };
  execFileSync('mkfifo', [at('fifo')]);
  const written = writeFile(at('fifo'), readFileSync(at('events.ndjson')));
  for (const input of [at('events.ndjson'), '-', at('fifo')]) {
    const order = { file: at('shop.yml'), data: at('nowhere'), warmUpMs: 0, set, compare: true, graceMs: 0, input };
    const { settings } = await runBacktest(order, { ...deps, stdin });
    assert.deepEqual(
      settings.map(({ alerts }) => alerts),
      [rang, alone.settings[0]!.alerts],
      input,
    );
  }
  await written;
});

test('rows come on standard input too', async () => {
  const stdin = Readable.from([readFileSync(at('flat.ndjson'))]);
  const order = { file: at('shop.yml'), data: at('nowhere'), warmUpMs: 0, set: [], compare: false, graceMs: 0, input: '-' };
  const { source, settings } = await runBacktest(order, { clock: systemClock, stdin });
  assert.equal(source, 'windows');
  assert.deepEqual(settings[0]!.alerts, rang);
});

test('a file that has changed since the run is no other history than the one that is there', async () => {
  const changed = (name: string, from: string, to: string): string => {
    const text = readFileSync(at('shop.yml'), 'utf8');
    assert.ok(text.includes(from));
    writeFileSync(at(name), text.replace(from, to));
    return at(name);
  };
  const windows = changed('w.yml', 'windows: [1m, 5m]', 'windows: [2m, 5m]');
  await assert.rejects(backtest({ file: windows }), /has stored no windows of 2m, but of 1m, 5m\. Expected those that it ran with/);
  const dimensions = changed('d.yml', 'dimensions: [country]', 'dimensions: [country, device]');
  await assert.rejects(backtest({ file: dimensions }), /has stored are by country, and not by country, device\. Expected the dimensions/);
  const { notes } = await backtest({ file: changed('s.yml', 'dedup: 5m', 'dedup: 6m') });
  assert.ok(
    notes.some((note) => note.startsWith('the file has changed since these windows were counted (event)')),
    notes.join('\n'),
  );
  assert.ok((await backtest()).notes.every((note) => !/changed since/.test(note)));
});

test('what was not counted of the events, or is missing in the rows, is said; where nothing is left it is refused', async () => {
  const lines = events();
  const spoilt = (each: number): string[] => lines.map((line, index) => (index % each === 0 ? line.replace('"at"', '"ts"') : line));
  writeFileSync(at('some.ndjson'), spoilt(10).join('\n'));
  writeFileSync(at('none.ndjson'), spoilt(1).join('\n'));
  const { notes } = await backtest({ input: at('some.ndjson') });
  assert.ok(
    notes.some((note) => /^of [\d,]+ records of .*some\.ndjson [\d,]+ invalid ones \(missing:at [\d,]+\) were not counted$/.test(note)),
    notes.join('\n'),
  );
  await assert.rejects(
    backtest({ input: at('none.ndjson') }),
    /none\.ndjson: found [\d,]+ invalid ones \(missing:at .*\) among .*; expected events/,
  );
  assert.ok((await backtest({ input: at('events.ndjson') })).notes.every((note) => !/not counted/.test(note)));

  const flat = readFileSync(at('flat.ndjson'), 'utf8').split('\n');
  const rows = (name: string, change: (line: string, index: number) => string | undefined): Promise<unknown> => {
    writeFileSync(at(name), flat.flatMap((line, index) => change(line, index) ?? []).join('\n'));
    return backtest({ input: at(name) });
  };
  await assert.rejects(
    rows('text.ndjson', (line) => line.replace(/"visits":(\d+)/, '"visits":"$1 visits"')),
    /text\.ndjson:1: visits: found "\d+ visits"; expected a number or null/,
  );
  // Integers of 64 bits, as ClickHouse quotes them.
  const quoted = (await rows('quoted.ndjson', (line) => line.replace(/"visits":(\d+)/, '"visits":"$1"'))) as Awaited<
    ReturnType<typeof backtest>
  >;
  assert.deepEqual(quoted.settings[0]!.alerts, rang);
  await assert.rejects(
    rows('named.ndjson', (line) => line.replace('"visits"', '"views"')),
    /named\.ndjson: found no row with a field visits; expected the measures that are watched/,
  );
  await assert.rejects(
    rows('wide.ndjson', (line) => line.replace(/"window":"[15]m"/, '"window":"1h"')),
    /wide\.ndjson: found rows of windows of 1h alone; expected rows of 1m, 5m/,
  );
  await assert.rejects(
    rows('twice.ndjson', (line) => `${line}\n${line}`),
    /twice\.ndjson:2: found a second row of .* in its window; expected one of each series/,
  );
  const one = (await rows('one.ndjson', (line) => (line.includes('"window":"1m"') ? line : undefined))) as Awaited<
    ReturnType<typeof backtest>
  >;
  assert.ok(one.notes.some((note) => /one\.ndjson has no rows of 5m/.test(note)));
});

test('of more alerts than are listed all are counted, and no rate is told of a part of them', async () => {
  writeFileSync(
    at('many.yml'),
    `pipeline: many
source: { topic: orders }
event: { time: at, out_of_orderness: 1s, allowed_lateness: 5s }
dimensions: [shop]
measures: { orders: { count: {} } }
windows: [1m]
limits: { max_series: 20000 }
detect: { orders: { detector: threshold, above: 50 } }
`,
  );
  const shops = 10_050;
  const rowsOf = (minuteOf: number, orders: number): string[] =>
    Array.from({ length: shops }, (_, shop) =>
      JSON.stringify({ window: '1m', window_start: new Date(minute(minuteOf)).toISOString(), shop: `s${shop}`, orders }),
    );
  writeFileSync(at('many.ndjson'), [...rowsOf(0, 1), ...rowsOf(1, 90), ...rowsOf(2, 1)].join('\n'));
  const incident = { start: new Date(minute(1)).toISOString(), end: new Date(minute(2)).toISOString(), labels: { shop: 's10040' } };
  const report = await backtest({
    file: at('many.yml'),
    input: at('many.ndjson'),
    set: ['detect.orders.above=60'],
    compare: true,
    incidents: () => [incident],
  });
  const [{ rang: count, alerts, dropped, score }] = report.settings as [(typeof report.settings)[0]];
  assert.deepEqual([count, alerts.length, dropped, score, report.comparison], [shops, 10_000, 50, undefined, undefined]);
  assert.ok(report.notes.some((note) => /more alerts rang than are listed/.test(note)));
});

test('who breaks it off leaves nothing behind', async (t) => {
  // Of its own: in that of the system others come and go.
  const own = temporary(t);
  const { TMPDIR: shared } = process.env;
  process.env['TMPDIR'] = own;
  t.after(() => {
    if (shared === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = shared;
  });
  const stopping = new AbortController();
  const slow = new PassThrough();
  slow.write(`${events().join('\n')}\n`);
  setImmediate(() => stopping.abort());
  for (const [input, stdin] of [
    ['-', slow],
    [at('events.ndjson'), Readable.from([])],
  ] as const) {
    const order = { file: at('shop.yml'), data: at('nowhere'), warmUpMs: 0, set: [], compare: false, graceMs: 0, input };
    await assert.rejects(runBacktest(order, { clock: systemClock, stdin, signal: stopping.signal }));
    assert.deepEqual(readdirSync(own), [], input);
  }
});

test('a log without windows is no history while the OLAP store is not to be had', async (t) => {
  // What the log keeps no more is in the store alone.
  const empty = temporary(t);
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });
  const run = { files: [at('shop.yml')], data: empty, once: true, json: true, notify: false, quiet: true, olapStore: 'none' };
  const beside = { stdin: Readable.from([]), stdout: nowhere(), stderr: nowhere(), signal: new AbortController().signal };
  await runPipelines({ ...run, input: '-', revision: { kind: 'same' } }, beside);
  const over = (data: string, olapStore: string) =>
    runBacktest(
      { file: at('shop.yml'), data, warmUpMs: 0, set: [], compare: false, graceMs: 0, olapStore },
      { clock: systemClock, stdin: Readable.from([]) },
    );
  const [none, away] = ['none', 'http://127.0.0.1:1'] as const;
  const isTold = (error: unknown): boolean =>
    error instanceof AppError && error.code === 'olap_unavailable' && /no windows of this time/.test(error.message);
  await assert.rejects(over(empty, away), isTold);
  assert.equal((await over(empty, none)).rows, 0);
  const { source, rows, notes } = await over(at('data'), away);
  assert.equal(source, 'log');
  assert.ok(rows > 0 && notes.some((note) => /not to be had, these windows are from the log/.test(note)));
});

test('what the log has and the OLAP store lacks is said', { skip: noChdb }, async () => {
  // As if the store had been away when this row came.
  const log = createEmbeddedLog({ path: openDataDir(at('data'), { create: false }).logPath, clock: systemClock });
  const row = JSON.stringify(rowAt(minute(300), { pipeline: 'shop' }));
  await log.commit({ appends: [{ topic: 'shop.windows', partition: 0, ...packRecords([row]) }] });
  await log.close();
  const { notes } = await backtest({ history: 'olap' });
  assert.deepEqual(
    notes.filter((note) => /OLAP store is behind/.test(note)),
    ['the OLAP store is behind: its newest window begins at 2026-03-02 10:13 UTC, and the log has newer ones; --history log reads them'],
  );
});

test('a thread ends with its signal, and says what went wrong in it', async () => {
  const order = { file: at('shop.yml'), data: at('data'), warmUpMs: 0, set: ['detect.conv.dwn=1'], compare: false, graceMs: 0 };
  const faulty = backtestInThread(order, new AbortController().signal);
  await assert.rejects(
    faulty,
    (error) => error instanceof AppError && error.code === 'config_invalid' && /did you mean "down"/.test(error.message),
  );
  const stopping = new AbortController();
  const stopped = backtestInThread({ ...order, set: [] }, stopping.signal);
  stopping.abort(new Error('enough'));
  await assert.rejects(stopped, /enough/);
});
