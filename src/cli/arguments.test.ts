import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { zoneNamed } from '../core/told-time.ts';
import {
  askedTimeArgument,
  countArgument,
  durationArgument,
  fromArgument,
  instanceArgument,
  positiveArgument,
  timeArgument,
} from './arguments.ts';
import { spanOf } from './asked-span.ts';
import { replayFromArgument } from './position-argument.ts';
import { runOptions } from './run.ts';
import { bytesText, grouped, numberText, printable, printTable } from './table.ts';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const time = timeArgument(() => NOW);

test('times are instants with a zone, dates, or how long ago', () => {
  assert.equal(time('2026-03-02T09:00:00Z'), Date.parse('2026-03-02T09:00:00Z'));
  assert.equal(time('2026-03-02T09:00:00.250+09:00'), Date.parse('2026-03-02T00:00:00.250Z'));
  assert.equal(time('2026-03-02T09:00Z'), Date.parse('2026-03-02T09:00:00Z'));
  assert.equal(time('2026-03-02'), Date.parse('2026-03-02T00:00:00Z'));
  assert.equal(time('2h'), NOW - 7_200_000);
  // As messages have them.
  assert.equal(time('2026-03-02 18:00 UTC+9'), Date.parse('2026-03-02T09:00:00Z'));
  assert.equal(time('2026-03-02 05:30:10 UTC-3:30'), Date.parse('2026-03-02T09:00:10Z'));
  // Without a zone it would mean another instant on each machine.
  for (const wrong of [
    '',
    'yesterday',
    '2026-03-02T09:00:00',
    '2026-03-02 09:00',
    '2026-13-01',
    '2026-02-30T25:00:00Z',
    '1772442000000',
    '-1h',
  ]) {
    assert.throws(() => time(wrong), InvalidArgumentError, wrong);
  }
});

test('counts, durations and names are read; anything else is a usage error', () => {
  assert.equal(countArgument('0'), 0);
  assert.equal(positiveArgument('12'), 12);
  assert.equal(durationArgument('60s'), 60_000);
  for (const wrong of ['-1', '1.5', 'x', '', '1e3']) assert.throws(() => countArgument(wrong), InvalidArgumentError);
  for (const parse of [positiveArgument, durationArgument]) assert.throws(() => parse('0'), InvalidArgumentError);
  assert.throws(() => durationArgument('0s'), InvalidArgumentError);
  assert.equal(instanceArgument('tocsin-aggregate-0'), 'tocsin-aggregate-0');
  for (const wrong of ['', '.', '..', 'a b', 'a/b', 'x'.repeat(201)]) assert.throws(() => instanceArgument(wrong), InvalidArgumentError);
  const from = fromArgument(() => NOW);
  assert.deepEqual(['earliest', 'latest', '1d'].map(from), ['earliest', 'latest', NOW - 86_400_000]);
  assert.throws(() => from('first'), { name: 'InvalidArgumentError', message: /^Expected earliest, latest, a time such as/ });
});

test('a time without a zone is refused with the same time in one, wherever a run or a replay begins', () => {
  const position = replayFromArgument(() => NOW);
  assert.deepEqual(['earliest', '12', '2026-03-02 18:00 UTC+9'].map(position), ['earliest', { offset: 12 }, { time: NOW - 3 * 3_600_000 }]);
  const message = /^Expected a time with its zone, .* or 2026-03-02 10:05 UTC\.$/;
  for (const parse of [time, position, fromArgument(() => NOW)]) assert.throws(() => parse('2026-03-02 10:05'), { message });
  assert.throws(() => position('x'), { message: /^Expected earliest, an offset \(120000\), a time such as/ });
});

test('--from and --to that a clock shows twice are all of that hour', () => {
  const shown = askedTimeArgument(() => NOW)('2025-10-26 02:00');
  const hours = ['2025-10-26T00:00:00Z', '2025-10-26T01:00:00Z'].map((iso) => Date.parse(iso));
  assert.deepEqual(Object.values(spanOf({ from: shown, to: shown }, zoneNamed('Europe/Berlin'))), hours);
});

test('a day begins at the midnight of the pipeline that it is asked of, and of UTC where none is', () => {
  const day = askedTimeArgument(() => NOW)('2026-03-02');
  assert.deepEqual(spanOf({ from: day, to: NOW }, zoneNamed('Asia/Seoul')), { from: Date.parse('2026-03-01T15:00:00Z'), to: NOW });
  assert.equal(time('2026-03-02'), Date.parse('2026-03-02T00:00:00Z'));
});

test('--new-revision, --from and --for of `run` are told to the run; --input takes one file', () => {
  const given = { once: false, data: 'd', json: false, notify: false, olapStore: 'none', quiet: false };
  assert.deepEqual(runOptions(['a'], given).revision, { kind: 'same' });
  assert.deepEqual(runOptions(['a'], { ...given, newRevision: true }).revision, { kind: 'new' });
  assert.deepEqual(runOptions(['a'], { ...given, from: 'earliest' }).revision, { kind: 'from', from: 'earliest' });
  assert.equal(runOptions(['a'], { ...given, for: 5 }).forMs, 5);
  assert.throws(() => runOptions(['a', 'b'], { ...given, input: '-' }), { code: 'usage' });
});

test('a table aligns, cuts, and lets no bytes act on the terminal', async () => {
  const lines: string[] = [];
  const print = (line: string): undefined => void lines.push(line);
  const rows = Array.from({ length: 500 }, (_, i) => ({ name: i === 0 ? 'bell\u0007 and \u001b[31mred' : `row ${i}`, n: i / 3 }));
  const count = await printTable(
    rows,
    [
      { title: 'name', value: ({ name }) => name, maxWidth: 12 },
      { title: 'n', value: ({ n }) => n, right: true },
    ],
    { print },
  );
  assert.equal(count, 500);
  assert.equal(lines.length, 501);
  assert.equal(lines[0], `name${' '.repeat(17)}n`);
  assert.equal(lines[1], `bell\uFFFD and \uFFFD…${' '.repeat(9)}0`);
  assert.equal(lines[2], `row 1${' '.repeat(9)}0.333333`);
  assert.deepEqual([numberText(5), numberText(1234567), numberText(2 / 3)], ['5', '1234567', '0.666667']);
  assert.deepEqual([grouped(5021), grouped(999), grouped(1234567)], ['5,021', '999', '1,234,567']);
  assert.deepEqual([bytesText(12), bytesText(1_851_234)], ['12 B', '1.9 MB']);
  assert.equal(printable('a\tb\r\n'), 'a\uFFFDb\uFFFD\uFFFD');
  assert.equal(printable('\u202Eabc\u2066'), '\uFFFDabc\uFFFD');
});

test('nothing is printed of no rows, not even titles', async () => {
  assert.equal(await printTable([], [{ title: 'x', value: () => 1 }], { print: () => assert.fail() }), 0);
});
