/** Series files as people have them, through reading, scoring and charts. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync, inflateSync } from 'node:zlib';
import { csvField, csvFields, placedFields } from './csv-fields.ts';
import { createPicture } from './picture.ts';
import { plotPage, plotSection } from './plot.ts';
import type { Point } from './point-lines.ts';
import { readSeries } from './read-series.ts';
import { collectEpisodes, scoreSeries, type ScoredPoint } from './score-series.ts';
import { seriesFormat, type SeriesFormatName, type SeriesOptions } from './series-format.ts';
import { temporary } from '../../../test/support/temporary.ts';

const dir = temporary({ after });

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, name: SeriesFormatName = 'csv', columns: SeriesOptions = {}): Promise<Point[]> {
  const points: Point[] = [];
  for await (const batch of readSeries({ path }, path, seriesFormat(name, columns))) points.push(...batch);
  return points;
}

test('the KPI and the NAB form, plain and packed, with and without labels', async () => {
  const kpi = 'timestamp,value,label\n1500000000,1e-7,0\n1500000060,-2,1\n';
  const expected = [
    { timeMs: 1_500_000_000_000, timeText: '1500000000', value: 1e-7 },
    { timeMs: 1_500_000_060_000, timeText: '1500000060', value: -2 },
  ];
  assert.deepEqual(await read(file('a.csv', kpi), 'kpi'), expected);
  assert.deepEqual(await read(file('packed', gzipSync(kpi)), 'kpi'), expected);
  assert.deepEqual(await read(file('b.csv', kpi.replace(/,(label|0|1)\n/g, '\n')), 'kpi'), expected);
  assert.deepEqual(await read(file('c.csv', 'timestamp,value\r\n2014-04-01 00:05:00,20.5\r\n'), 'nab'), [
    { timeMs: Date.UTC(2014, 3, 1, 0, 5), timeText: '2014-04-01 00:05:00', value: 20.5 },
  ]);
});

test('a CSV of one’s own: any columns, times in several forms, values that are missing, quotes', async () => {
  const path = file(
    'own.csv',
    'host,"when, exactly",load\na,2026-03-02T09:00:00+09:00,1\n"b ""x""","2026-03-02",\n\na,1772409600000,nan\na,1772409600,.5\n',
  );
  const points = await read(path, 'csv', { time: 'when, exactly', value: 'load' });
  assert.deepEqual(
    points.map(({ timeMs, value }) => [new Date(timeMs).toISOString().slice(0, 16), value]),
    [
      ['2026-03-02T00:00', 1],
      ['2026-03-02T00:00', undefined],
      ['2026-03-02T00:00', undefined],
      ['2026-03-02T00:00', 0.5],
    ],
  );
  assert.deepEqual(csvFields('a,"b,c",,"d""e"'), ['a', 'b,c', '', 'd"e']);
  assert.deepEqual(csvFields(`x,${csvField('say "a,b"')},`), ['x', 'say "a,b"', '']);
});

test('what programs write: no header, other separators, letters of another size, finer times, a division by zero', async () => {
  const at = Date.UTC(2026, 2, 2, 9);
  const one = [{ timeMs: at, timeText: '1772442000', value: 1 }];
  assert.deepEqual(await read(file('bare.csv', '1772442000,1\n')), one);
  const second = { timeMs: at + 60_000, timeText: '1772442060', value: 2 };
  for (const [first, value] of [
    ['1772442000,', undefined],
    ['2026-03-02 09:00:00,NaN', undefined],
    ['1772442000;null', undefined],
    ['1772442000\t-Inf', undefined],
    ['1772442000,-1e-3', -0.001],
  ] as const) {
    const [timeText, separator] = /^(.*?)([,;\t])/.exec(first)!.slice(1);
    const points = await read(file('missing-first.csv', `${first}\n1772442060${separator}2\n`));
    assert.deepEqual(points, [{ timeMs: at, timeText, value }, second], first);
  }
  assert.deepEqual(await read(file('named.csv', 'none,NaN\n1772442060,2\n')), [second], 'a header may have odd names');
  assert.deepEqual(await read(file('semicolon.csv', '\uFEFF"timestamp";"value"\n1772442000;"1"\n')), one);
  assert.deepEqual(await read(file('tab.csv', 'host\tTimestamp\tVALUE\n\t1772442000\t1\r\n'), 'kpi'), one);
  const times = ['1772442000', '1772442000000', '1772442000000000', '1772442000000000000', '2026/03/02 09:00:00', '2026-03-02T09:00Z'];
  for (const format of ['csv', 'kpi', 'nab'] as const) {
    const points = await read(file('times.csv', `timestamp,value\n${times.map((time) => `${time},inf`).join('\n')}\n`), format);
    assert.deepEqual(
      points,
      times.map((timeText) => ({ timeMs: at, timeText, value: undefined })),
    );
  }
});

test('a column settles what its first lines leave open; points keep the order of the lines', async () => {
  const days = (text: string): [number, number | undefined][] =>
    text.split(' ').map((each, index) => [Date.UTC(2026, 2, Number(each)), [1106, 1200, undefined, 3][index]]);
  const monthFirst = 'day,count\n3/1/2026,"1,106"\n3/2/2026,"1,200"\n3/12/2026,\n3/13/2026,3\n';
  const read4 = async (name: string, text: string, options: SeriesOptions = {}): Promise<unknown> =>
    (await read(file(name, text), 'csv', options)).map(({ timeMs, value }) => [timeMs, value]);
  assert.deepEqual(await read4('mdy.csv', monthFirst), days('1 2 12 13'));
  const dayFirst = 'day;count\n1/3/2026;1,106\n2/3/2026;1,200\n12/3/2026;\n13/3/2026;3,0\n';
  assert.deepEqual(
    await read4('dmy.csv', dayFirst),
    days('1 2 12 13').map(([day, value]) => [day, value === undefined || value === 3 ? value : value / 1_000]),
  );
  assert.deepEqual(await read4('told.csv', dayFirst.replace(';3,0', ';3'), { decimal: '.' }), days('1 2 12 13'));
  assert.deepEqual(await read4('bare.csv', '3/1/2026\t1,106\n3/2/2026\t1,200\n', { timeFormat: 'mdy', decimal: '.' }), days('1 2'));
  // Seconds, though they look like the hour 24 of a day: who says so is believed, and so is a line before.
  const seconds = [2_026_022_824_000, 2_026_022_884_000];
  for (const [text, options] of [
    ['t,count\n2026022824,1\n2026022884,2\n', { timeFormat: 's' }],
    ['t,count\n1772442000,0\n2026022824,1\n2026022884,2\n', {}],
  ] as const) {
    const read2 = await read(file('seconds.csv', text), 'csv', options);
    assert.deepEqual(
      read2.slice(-2).map(({ timeMs }) => timeMs),
      seconds,
    );
  }
  assert.deepEqual(await read4('korean.csv', '날짜,건수\n2026. 3. 1.,"1,106"\n2026. 3. 2.,"1,200"\n'), days('1 2'));
});

test('a field of a CSV line is unquoted, and told with the place where it began', () => {
  assert.deepEqual(placedFields('a, "b,""c" ,d"e,"f', ','), [
    { text: 'a', at: 0 },
    { text: 'b,"c', at: 3 },
    { text: 'd"e', at: 12 },
    { text: '"f', at: 16 },
  ]);
  assert.deepEqual(placedFields('"x"y;', ';'), [
    { text: '"x"y', at: 0 },
    { text: '', at: 5 },
  ]);
});

const WRONG: [name: string, text: string, format: SeriesFormatName, columns: SeriesOptions, message: RegExp][] = [
  ['empty', '', 'kpi', {}, /empty\.csv: found no line; expected a header/],
  ['column', 'ts,value\n1,2\n', 'kpi', {}, /column\.csv:1:1: found the columns ts, value; expected one named "timestamp"/],
  [
    'own-column',
    'ts,value\n1,2\n',
    'csv',
    { value: 'count' },
    /own-column\.csv:1:1: .*expected one named "count"; name yours with --value/,
  ],
  ['one-column', 'value\n1\n', 'csv', {}, /one-column\.csv:1:1: .*expected a time and a value column/],
  [
    'time',
    'timestamp,value\n1500000000,1\nyesterday,2\n',
    'kpi',
    {},
    /time\.csv:3:1: found "yesterday" as "timestamp"; expected Unix seconds/,
  ],
  ['day', 'timestamp,value\n2014-02-31 00:00:61,1\n', 'nab', {}, /day\.csv:2:1: found "2014-02-31 00:00:61"/],
  ['value', 'timestamp,value\n1500000000,12kB\n', 'kpi', {}, /value\.csv:2:12: found "12kB" as "value"; expected a number/],
  [
    'huge',
    'timestamp,value\n1500000000,1e300\n',
    'kpi',
    {},
    /huge\.csv:2:12: found "1e300" as "value"; expected a number between -1e\+150 and 1e\+150/,
  ],
  ['huge-first', '1500000000,1e400\n', 'csv', {}, /huge-first\.csv:1:12: found "1e400" as "2nd column"/],
  ['short', 'timestamp,value\n1500000000\n', 'kpi', {}, /short\.csv:2:11: found 1 field; expected at least 2/],
  ['near', 'timestmap,value\n1,2\n', 'kpi', {}, /near\.csv:1:1: .*one named "timestamp" \(did you mean "timestmap"\?\)/],
  ['quoted', 'a,"b, c",value\n1500000000,"x, y",many\n', 'csv', { value: 'value' }, /quoted\.csv:2:19: found "many" as "value"/],
  ['cr', 'timestamp,value\r1500000000,1\r', 'kpi', {}, /cr\.csv:1:1: found lines that end in CR alone; expected lines that end in LF/],
  [
    'either-date',
    'day,count\n3/1/2026,1\n3/2/2026,2\n',
    'csv',
    {},
    /either-date\.csv:2:1: found "3\/1\/2026" as "day", which can be read in two ways, and no line of the file tells which; expected --time-format mdy/,
  ],
  [
    'either-number',
    'day;n\n2026-03-01;7\n2026-03-02;1,106\n',
    'csv',
    {},
    /either-number\.csv:3:12: found "1,106" as "n", .*expected --decimal \./,
  ],
  [
    'either-point',
    'day;n\n2026-03-01;998\n2026-03-02;1.106\n',
    'csv',
    {},
    /either-point\.csv:3:12: found "1\.106" as "n", .*no line of the file tells which; expected --decimal \..* or --decimal ,/,
  ],
  [
    'other-point',
    'day,n\n2026-03-01,1.106\n2026-03-02,"1.106,5"\n',
    'csv',
    {},
    /other-point\.csv:3:12: found "1\.106,5" as "n"; expected "\." before decimals, as line 2 \("1\.106"\) is read, or --decimal , for the other/,
  ],
  [
    'other-dots',
    'day,n\n03.04.2026,1\n04.13.2026,2\n',
    'csv',
    {},
    /other-dots\.csv:3:1: found "04\.13\.2026" as "day"; expected the day first, as line 2 \("03\.04\.2026"\) is read, or --time-format mdy/,
  ],
  ['told', 'day,n\n03/13/2026,1\n', 'csv', { timeFormat: 'dmy' }, /told\.csv:2:1: .*expected the day first, as --time-format says$/],
  [
    'told-mark',
    'day,n\n2026-03-01,1.5\n',
    'csv',
    { decimal: ',' },
    /told-mark\.csv:2:12: .*expected "," before decimals, as --decimal says$/,
  ],
  [
    'not-compact',
    'day,n\n20260301,1\n1772442000,2\n',
    'csv',
    {},
    /not-compact\.csv:3:1: found "1772442000" .*expected a date of digits such as 20260302, as line 2 \("20260301"\) has it, or --time-format s/,
  ],
  [
    'spreadsheet',
    '46082.375,5\n46082.41667,6\n',
    'csv',
    {},
    /spreadsheet\.csv:1:1: found "46082\.375" .*a number before March 1973 is a time with --time-format s/,
  ],
  [
    'hour-24',
    'hour,n\n2026022824,1\n2026030101,2\n2026030102,3\n',
    'csv',
    {},
    /hour-24\.csv:2:1: found "2026022824" as "hour"; expected hours from 00 to 23, .*take one off each\), or --time-format s .* since 1970$/,
  ],
  ['bare-hour-24', '2026022824,1\n', 'csv', {}, /bare-hour-24\.csv:1:1: .*expected hours from 00 to 23/],
  [
    'later-hour-24',
    'hour,n\n2026022823,1\n2026022824,2\n',
    'csv',
    {},
    /later-hour-24\.csv:3:1: found "2026022824" as "hour"; expected hours from 00 to 23/,
  ],
  ['far', 't,n\n8640000000001,5\n', 'csv', { timeFormat: 's' }, /far\.csv:2:1: .*expected a time in s since 1970, as --time-format says/],
  [
    'other-date',
    'day,n\n13/3/2026,1\n3/14/2026,2\n',
    'csv',
    {},
    /other-date\.csv:3:1: found "3\/14\/2026" as "day"; expected the day first, as/,
  ],
  [
    'other-number',
    'day,n\n2026-03-01,1.5\n2026-03-02,"1,5"\n',
    'csv',
    {},
    /other-number\.csv:3:12: found "1,5" as "n"; expected "\." before decimals/,
  ],
  [
    'torn',
    'day,n\n2026-03-01,900\n2026-03-02,1,106\n',
    'csv',
    {},
    /torn\.csv:3:12: found 3 fields for 2 columns; expected quotes .*"1,106"/,
  ],
  ['torn-decimals', 'day,n\n2026-03-01,1,5\n', 'csv', {}, /torn-decimals\.csv:2:12: found 3 fields for 2 columns; .*"1,5"$/],
  ['torn-nameless', 'day,n,\n2026-03-01,1,106\n', 'csv', {}, /torn-nameless\.csv:2:12: found 3 fields for 2 columns; .*"1,106"$/],
  [
    'torn-within',
    'day,n,note\n2026-03-01,1,106,ok\n',
    'csv',
    {},
    /torn-within\.csv:2:12: found 4 fields for 3 columns; expected quotes around a field with commas in it: "1,106"$/,
  ],
  [
    'torn-text',
    'day;host;n\n2026-03-01;a;5\n2026-03-02;a;b;5\n',
    'csv',
    { value: 'n', time: 'day' },
    /torn-text\.csv:3:16: found 4 fields for 3 columns; expected quotes around a field with semicolons in it$/,
  ],
  ['torn-later', '2026-03-01,999\n2026-03-02,1,106\n', 'csv', {}, /torn-later\.csv:2:12: found 3 fields for 2 columns; .*"1,106"$/],
  [
    'torn-first',
    '2026-03-01,1,106\n2026-03-02,999\n',
    'csv',
    {},
    /torn-first\.csv:2:15: found 2 fields; expected 3, as the first line has/,
  ],
  ['utf-16', 't\0i\0m\0e\0,\0v\0\n\0', 'csv', {}, /utf-16\.csv:1:1: found bytes that are no UTF-8/],
];

for (const [name, text, format, columns, message] of WRONG) {
  test(`a wrong file says where and what: ${name}`, async () => {
    await assert.rejects(read(file(`${name}.csv`, text), format, columns), { code: 'input_unreadable', message });
  });
}

test('a file that is not there, and one that is cut short', async () => {
  await assert.rejects(read(join(dir, 'none.csv')), { code: 'input_unreadable', message: /no such file/ });
  const packed = gzipSync(`timestamp,value\n${Array.from({ length: 500 }, (_, i) => `${1.5e9 + i * 60},${Math.sin(i)}`).join('\n')}`);
  await assert.rejects(read(file('cut', packed.subarray(0, packed.length - 20)), 'kpi'), { code: 'input_unreadable' });
});

async function score(path: string, falseAlarmsPerWeek = 1): Promise<ScoredPoint[]> {
  const points: ScoredPoint[] = [];
  for await (const batch of scoreSeries({ path }, path, seriesFormat('kpi', {}), falseAlarmsPerWeek)) points.push(...batch);
  return points;
}

/** Ten days by the minute, with a hole where the service was down for half an hour. */
function series(): string {
  const rows = Array.from({ length: 14_400 }, (_, i) => {
    const usual = 100 + 30 * Math.sin(i / 229) + ((i * 7_919) % 101) / 20;
    return `${1.5e9 + i * 60},${i >= 13_000 && i < 13_030 ? 0 : i === 9_000 ? '' : usual}`;
  });
  return `timestamp,value\n${rows.join('\n')}\n`;
}

test('an outage is found, as one episode; what has no value has a score all the same', async () => {
  const points = await score(file('outage.csv', series()));
  assert.equal(points.length, 14_400);
  assert.ok(points.every(({ score: each }) => each >= 0 && each <= 1));
  assert.ok(points[9_000]!.score < 0.2 && points[9_000]!.expected === undefined);
  const alarms = points.flatMap(({ score: each }, i) => (each >= 0.5 ? [i] : []));
  assert.equal(alarms[0], 13_000);
  const episodes = collectEpisodes(1);
  for (const point of points) episodes.add(point);
  assert.equal(episodes.found[0]!.first.timeText, String(1.5e9 + 13_000 * 60));
  assert.equal(episodes.found[0]!.peak.value, 0);
  assert.ok(episodes.found[0]!.peak.expected! > 50);
  assert.equal(
    episodes.found.reduce((sum, each) => sum + each.alarms, 0),
    alarms.length,
  );
});

test('where the clock steps back by days, what rang before and after is no one episode', () => {
  const minutes = (from: number): ScoredPoint[] =>
    Array.from({ length: 30 }, (_, i) => {
      const evidence = i === 10 ? 2 : -1;
      return { timeMs: (from + i) * 60_000, timeText: '', value: 1, expected: 1, spread: 1, evidence, periodMs: 1, score: 0 };
    });
  const found = (from: number): number => {
    const episodes = collectEpisodes(1);
    for (const point of [...minutes(20_000), ...minutes(from)]) episodes.add(point);
    return episodes.found.length;
  };
  assert.deepEqual([found(10_000), found(19_990), found(20_030), found(30_000)], [2, 1, 1, 2]);
});

test('a clock of twelve hours that does not say which half of the day is refused where that shows; other steps back are not', async () => {
  const csv = (times: readonly string[]): string => `time,value\n${times.map((time, i) => `${time},${i}\n`).join('')}`;
  const minutes = (from: number, count: number, hourOf: (hour: number) => string, date = '2026-03-02'): string[] =>
    Array.from({ length: count }, (_, i) => `${date} ${hourOf(Math.floor((from + i) / 60))}:${String((from + i) % 60).padStart(2, '0')}`);
  const twelve = (hour: number): string => String(hour % 12 || 12);
  const wrong = (line: number, later: string, before: string): RegExp =>
    new RegExp(
      `twelve\\.csv:${line}:1: found "${later}" as "time" after "${before}": its hours begin anew after 12, .*; expected AM or PM with each time, or hours from 0 to 23`,
    );
  // At noon, and at midnight.
  await assert.rejects(read(file('twelve.csv', csv(minutes(630, 300, twelve)))), wrong(152, '2026-03-02 1:00', '2026-03-02 12:59'));
  const hours = Array.from({ length: 30 }, (_, i) => `2026-03-0${i < 9 ? 2 : 3} ${twelve(15 + i)}:00`);
  await assert.rejects(read(file('twelve.csv', csv(hours))), wrong(12, '2026-03-03 1:00', '2026-03-03 12:00'));
  // What waits for a line that settles the month is looked at in its order.
  const slashed = [...minutes(700, 90, twelve, '3/1/2026'), '3/13/2026 9:00'];
  await assert.rejects(read(file('twelve.csv', csv(slashed))), wrong(82, '3/1/2026 1:00', '3/1/2026 12:59'));
  for (const times of [
    minutes(630, 300, String),
    minutes(600, 200, twelve).map((time, i) => `${time} ${i < 120 ? 'AM' : 'PM'}`),
    ['2026-03-02 10:00', '2026-03-02 11:00', '2026-03-02 12:00', '2026-03-02 11:59', '2026-03-02 12:01', '2026-03-02 9:00'],
    ['2026-03-02 0:30', ...minutes(700, 90, twelve)],
  ]) {
    assert.equal((await read(file('whole.csv', csv(times)))).length, times.length, times[0]);
  }
});

test('a score does not change with what comes after it', async () => {
  const whole = await score(file('whole.csv', series()));
  const lines = series().split('\n');
  const cut = await score(file('cut.csv', lines.slice(0, 13_010).join('\n')));
  assert.deepEqual(cut, whole.slice(0, cut.length));
});

test('a smaller budget lowers every score, and never moves the threshold', async () => {
  const path = file('budget.csv', series());
  const [one, tenth] = [await score(path, 1), await score(path, 0.1)];
  assert.ok(one.every((point, i) => tenth[i]!.score < point.score && tenth[i]!.evidence === point.evidence));
});

test('the chart is one page, with the episodes marked and nothing of the file’s name taken for markup', async () => {
  const points = await score(file('chart.csv', series()));
  const episodes = collectEpisodes(1);
  for (const point of points) episodes.add(point);
  const shown = points.filter(({ value }) => value !== undefined);
  const page = plotPage([plotSection('<b>&.csv', shown, episodes.found)]);
  assert.match(page, /&#60;b&#62;&#38;\.csv/);
  assert.match(page, /<circle class="alarm"/);
  assert.doesNotMatch(page, /NaN|Infinity|undefined|<script|https?:/);
  assert.ok(page.length < 200_000, String(page.length));
});

test('values that are all the same have a chart, be they large', () => {
  for (const value of [0, 100, -3e17, 1e140]) {
    const points = Array.from({ length: 3 }, (_, i): ScoredPoint => {
      return { timeMs: i * 60_000, timeText: '', value, expected: value, spread: 0, evidence: -9, periodMs: 1, score: 0 };
    });
    const section = plotSection('same', points, []);
    assert.doesNotMatch(section, /NaN|Infinity/, String(value));
    assert.match(section, /class="value" points="166\.7,110 500,110 833\.3,110"/, String(value));
    assert.ok(section.includes(`, from ${value} to ${value}<`), section);
  }
});

test('titles of a picture keep their letters: Korean ones that were taken apart, Latin ones without accents', async () => {
  const drawn = async (title: string): Promise<Uint8Array> => {
    const picture = createPicture();
    picture.add(title, [], []);
    return picture.png();
  };
  const isSame = async (one: string, other: string): Promise<boolean> => Buffer.compare(await drawn(one), await drawn(other)) === 0;
  assert.ok(await isSame('요청 수.csv'.normalize('NFD'), '요청 수.csv'));
  for (const form of ['NFC', 'NFD']) {
    assert.ok(await isSame('München Große café Ålesund Łódź'.normalize(form), 'Munchen Große cafe Alesund Lodz'), form);
  }
  assert.ok(!(await isSame('Große', 'Gro e')));
});

test('the picture is a PNG, with the outage in red; a series without points has a chart too', async () => {
  const points = (await score(file('picture.csv', series()))).filter(({ value }) => value !== undefined);
  const episodes = collectEpisodes(1);
  for (const point of points) episodes.add(point);
  const picture = createPicture();
  picture.add('a rather long name of a file '.repeat(9), points, episodes.found);
  picture.add('요청 수 <b>&\0.csv', [], []);
  const { width, height, pixels } = decode(await picture.png());
  assert.deepEqual([width, height], [1_040, 20 + 2 * 280]);
  const columns = (isOf: (red: number, green: number, blue: number) => boolean, top: number, bottom: number): number[] =>
    Array.from({ length: width }, (_, x) => x).filter((x) =>
      Array.from({ length: bottom - top }, (_, row) => ((top + row) * width + x) * 4).some((at) =>
        isOf(pixels[at]!, pixels[at + 1]!, pixels[at + 2]!),
      ),
    );
  const red = columns((r, g, b) => r > 200 && g < 60 && b < 60, 60, 280);
  // The outage is at 13,000 of 14,400 points.
  assert.ok(
    red.some((x) => Math.abs(x - (20 + (13_000 / 14_400) * 1_000)) < 6),
    String(red.slice(0, 9)),
  );
  const inked = (top: number, bottom: number): number[] => columns((r) => r < 128, top, bottom);
  assert.ok(inked(20, 38).at(-1)! > 700 && inked(20, 38).at(-1)! <= 1_020, 'the end of a long title is there, and within the paper');
  assert.ok(inked(300, 318).length > 60, 'Korean letters are drawn');
  for (let i = 0; i < 50; i++) picture.add('more', [], []);
  assert.equal(decode(await picture.png()).height, 20 + 40 * 280);
});

/** Signature, then chunks; rows with their filters undone. */
function decode(bytes: Uint8Array): { width: number; height: number; pixels: Uint8Array } {
  const png = Buffer.from(bytes);
  assert.equal(png.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
  const [width, height, parts] = [png.readUInt32BE(16), png.readUInt32BE(20), [] as Buffer[]];
  assert.deepEqual([...png.subarray(24, 26)], [8, 6], 'eight bits each of red, green, blue and opacity');
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(parts));
  const stride = width * 4;
  const pixels = new Uint8Array(height * stride);
  for (let row = 0; row < height; row++) {
    const filter = rows[row * (stride + 1)]!;
    for (let i = 0; i < stride; i++) {
      const at = row * stride + i;
      const left = i < 4 ? 0 : pixels[at - 4]!;
      const up = row === 0 ? 0 : pixels[at - stride]!;
      const corner = i < 4 || row === 0 ? 0 : pixels[at - stride - 4]!;
      pixels[at] = rows[at + row + 1]! + guessed(filter, left, up, corner);
    }
  }
  return { width, height, pixels };
}

/** By a switch: there are millions of them. */
function guessed(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4:
      return paeth(left, up, corner);
    default:
      throw new Error(`there is no filter ${filter}`);
  }
}

function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}
