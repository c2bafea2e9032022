/** `tocsin detect`, called in this process. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { rarity } from './detect.ts';
import { begin, type Ended } from '../../test/support/in-process.ts';
import { temporary } from '../../test/support/temporary.ts';

const dir = temporary({ after });
process.chdir(dir);

const detect = (...args: string[]): Promise<Ended> => begin(['detect', ...args]).ended;

const rows = Array.from({ length: 3_000 }, (_, i) => `${1.5e9 + i * 300},${i === 2_500 ? 900 : 100 + ((i * 7_919) % 101) / 10},0`);
writeFileSync(join(dir, 'a.csv'), `timestamp,value,label\n${rows.join('\n')}\n`);
writeFileSync(
  join(dir, 'b, packed.csv.gz'),
  gzipSync(`value,minute\n${rows.map((row) => row.split(',').toSpliced(2).toReversed().join(',')).join('\n')}\n`),
);

writeFileSync(join(dir, 'wrong.csv'), 'timestamp,value\n1500000000,1\nnoon,2\n');

test('--json prints every point of every file in order, an alarm from one half on', async () => {
  const { stdout, code } = await detect('--series', 'a.csv', 'a.csv', '--format', 'kpi', '--json');
  const lines = stdout.trimEnd().split('\n');
  assert.equal(code, 0);
  assert.equal(lines[0], 'path,timestamp,score');
  assert.equal(lines.length, 6_001);
  assert.deepEqual(lines.slice(1, 3_001), lines.slice(3_001));
  assert.match(lines[1]!, /^a\.csv,1500000000,0\.\d{7}$/);
  const alarms = lines.slice(1, 3_001).flatMap((line, i) => (Number(line.split(',')[2]) >= 0.5 ? [i] : []));
  assert.ok(alarms.includes(2_500) && alarms.length <= 4, String(alarms));
});

test('for people: what was found, when, observed, expected, how unlikely, and a chart', async () => {
  const { stdout, stderr, code } = await detect(
    '--series',
    'b, packed.csv.gz',
    '--time',
    'minute',
    '--value',
    'value',
    '--plot',
    'chart.html',
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^b, packed\.csv\.gz: value: 3,000 points, \d episodes?\n/);
  assert.match(stdout, /1500750000 .* 900 +10\d\.\d+ +never in a million years/);
  assert.match(readFileSync(join(dir, 'chart.html'), 'utf8'), /<svg/);
});

test('one point is a point, and what was assumed of thousands is said beside the output', async () => {
  writeFileSync(join(dir, 'one.csv'), 'timestamp,value\n1500000000,1.106\n');
  const { stdout, stderr, code } = await detect('one.csv');
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'one.csv: value: 1 point (the first 50 never ring), nothing rang\n');
  assert.match(stderr, /^tocsin: one\.csv: "value": values such as line 2 \("1\.106"\) are read as decimals; .*\n$/);
});

test('a file whose times do not go on is not judged, and that is said', async () => {
  const spike = Array.from({ length: 200 }, (_, i) => (i === 150 ? 900 : 100 + (i % 7)));
  writeFileSync(join(dir, 'newest-first.csv'), `timestamp,value\n${spike.map((value, i) => `${1.6e9 - i * 60},${value}\n`).join('')}`);
  writeFileSync(join(dir, 'one-time.csv'), `timestamp,value\n${spike.map((value) => `1600000000,${value}\n`).join('')}`);
  for (const name of ['newest-first', 'one-time']) {
    const { stdout, stderr, code } = await detect(`${name}.csv`, '--json');
    assert.equal(code, 0);
    assert.equal(stdout.trimEnd().split('\n').length, 201);
    const says = `tocsin: ${name}.csv: nothing was judged: found 200 points, of which 0 are later than the one before; expected 12 such at least: lines in time order, the oldest first\n`;
    assert.equal(stderr, says);
  }
  assert.equal((await detect('a.csv', '--format', 'kpi', '--json')).stderr, '');
});

test('of several columns the judged one is named, and how to choose', async () => {
  const { stdout, stderr } = await begin(['detect', '-'], '시각,노출,매출\n1500000001,2,3\n').ended;
  assert.match(stdout, /^-: 노출: 1 point /);
  assert.match(stderr, /^tocsin: standard input: "노출" is judged; --value names another column: 매출\n/);
});

test('of several files a wrong one is told, and the others are judged; standard input is one of them', async () => {
  const args = ['detect', '--series', 'none.csv', 'wrong.csv', '-', '--json'];
  const { stdout, stderr, code } = await begin(args, 'when,n\n1500000001,2\n1500000003,4\n').ended;
  assert.equal(code, 2);
  assert.match(stderr, /none\.csv cannot be read.*\n.*wrong\.csv:3:1: found "noon"/);
  assert.match(stdout, /^path,timestamp,score\nwrong\.csv,1500000000,0\.\d+\n-,1500000001,0\.\d+\n-,1500000003,0\.\d+\n$/);
});

test('wrong arguments and files: one line, exit 2', async () => {
  const cases: [string[], RegExp][] = [
    [[], /found no series; expected the name of a CSV file/],
    [['--series', 'none.csv'], /none\.csv cannot be read/],
    [['--series', 'wrong.csv', '--format', 'nab'], /wrong\.csv:3:1: found "noon" as "timestamp"; expected a time such as/],
    [['--series', 'a.csv', '--format', 'kpi', '--time', 'x'], /found --time or --value with --format kpi/],
    [['--series', 'a.csv', '--plot', 'chart.pdf'], /found chart\.pdf; expected the name of an HTML or a PNG file/],
    [['--series', 'a.csv', '--plot', 'no/such/chart.html'], /cannot write no\/such\/chart\.html: its folder does not exist/],
    [['--series', 'a.csv', '--false-alarms-per-week', '0'], /Expected a number above 0/],
    [['--series', 'a.csv', '--false-alarms-per-week', '10000'], /--false-alarms-per-week: found 10000; expected at most 5000/],
  ];
  for (const [args, message] of cases) {
    const { stderr, code } = await detect(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, message);
  }
});

test('the largest budget makes no alarm of points that nothing is known of', async () => {
  writeFileSync(
    join(dir, 'short.csv'),
    `timestamp,value\n${rows
      .slice(0, 49)
      .map((row) => row.replace(/,0$/, '\n'))
      .join('')}1500015000,\n`,
  );
  const { stdout, code } = await detect('short.csv', '--json', '--false-alarms-per-week', '5000');
  assert.equal(code, 0);
  const scores = stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[2]));
  assert.equal(scores.length, 50);
  assert.ok(
    scores.every((score) => score < 0.5),
    String(scores),
  );
});

test('how rare a score is, is told as once in a span or times a week', () => {
  const week = 604_800_000;
  assert.equal(rarity(0.3, 3 * week), 'once in 6 weeks');
  assert.equal(rarity(-0.5, week), '3.2 times a week');
  assert.equal(rarity(0, week), 'once a week');
  assert.equal(rarity(3, week), 'once in 19 years');
  assert.equal(rarity(30, week), 'never in a million years');
});
