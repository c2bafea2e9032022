/** A column is read in one way only, whatever its lines look like. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { AppError } from '../../core/errors.ts';
import { DECIMAL_MARKS, readNumber } from './number-text.ts';
import { createPointLines, type Point } from './point-lines.ts';
import { readSeries } from './read-series.ts';
import { seriesFormat, type SeriesOptions } from './series-format.ts';
import { readTime } from './time-text.ts';

async function read(text: string, options: SeriesOptions = {}): Promise<Point[]> {
  const points: Point[] = [];
  const stream = new Blob([text]).stream();
  for await (const batch of readSeries({ stream }, 'file', seriesFormat('csv', options))) points.push(...batch);
  return points;
}

const TEXTS = ['998', '1.106', '2.345', '1,106', '1.106,5', '1,106.5', '12.5', '1,5', '1.106.000', "1'106", '12.04.2026', ''];
const DAYS = ['03.04.2026', '04.13.2026', '13.04.2026', '3/4/2026', '4/13/2026', '13/4/2026', '4.4.2026', '2026-04-04'];
const DIGITS = ['20260404', '202604041200', '202613041200', '1772442000'];

test('all points of a file are of one style, whichever lines settle it', () => {
  const row = fc.tuple(fc.constantFrom(...DAYS, ...DIGITS), fc.constantFrom(...TEXTS));
  const styles = (['dmy', 'mdy'] as const).flatMap((order) =>
    (['date', 'unix'] as const).flatMap((digits) => DECIMAL_MARKS.map((mark) => ({ time: { order, digits }, mark }))),
  );
  let passed = 0;
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), fc.constantFrom(',', ';', '\t'), (rows, separator) => {
      const points: Point[] = [];
      const columns = { separator, names: ['t', 'v'], time: 0, value: 1, width: 2, isPoint: false };
      try {
        const lines = createPointLines(columns, seriesFormat('csv', {}), refused);
        rows.forEach(([day, text], i) => lines.add(`${day}${separator}"${text}"`, i + 2, points));
        lines.end();
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
      }
      if (points.length === rows.length) passed++;
      const isOf = ({ time, mark }: (typeof styles)[number]): boolean =>
        points.every(({ timeMs, value }, i) => {
          const [timeRead, valueRead] = [readTime(rows[i]![0], time), readNumber(rows[i]![1], mark)];
          if (typeof timeRead !== 'object' || timeRead.value !== timeMs) return false;
          return value === undefined || (typeof valueRead === 'object' && valueRead.value === value);
        });
      assert.ok(styles.some(isOf), JSON.stringify(points));
    }),
    { numRuns: 3_000, seed: 7 },
  );
  assert.ok(passed > 300, String(passed));
});

function refused(line: number, _: number, found: string): never {
  throw new AppError('input_unreadable', `${line}: ${found}`);
}

test('between semicolons or tabs a point groups thousands where the column says so', async () => {
  for (const separator of [';', '\t']) {
    const values = async (lines: string[], options: SeriesOptions = {}): Promise<unknown> => {
      const rows = lines.map((each, i) => `${i + 1}.3.2026 00:00${separator}${each}\n`);
      return (await read(`day${separator}n\n${rows.join('')}`, options)).map(({ value }) => value);
    };
    assert.deepEqual(await values(['998', '1.106', '2.345,5']), [998, 1106, 2345.5]);
    assert.deepEqual(await values(['998.001', '1.106.000']), [998_001, 1_106_000]);
    assert.deepEqual(await values(['1.106', '2.5']), [1.106, 2.5]);
    assert.deepEqual(await values(['998', '1.106'], { decimal: ',' }), [998, 1106]);
    assert.deepEqual(await values(['998', '1.106'], { decimal: '.' }), [998, 1.106]);
  }
});

test('between commas a point stands before decimals, and where all values could group thousands by it a note says so', async () => {
  const noted = async (lines: readonly string[], options: SeriesOptions = {}): Promise<[values: unknown[], notes: string[]]> => {
    const notes: string[] = [];
    const rows = lines.map((each, i) => `${i + 1}.3.2026 00:00,${each}\n`);
    const stream = new Blob([`day,n\n${rows.join('')}`]).stream();
    const values: unknown[] = [];
    for await (const batch of readSeries({ stream }, 'file', seriesFormat('csv', options), (text) => notes.push(text))) {
      values.push(...batch.map(({ value }) => value));
    }
    return [values, notes];
  };
  const [values, notes] = await noted(['998', '', '1.106', '12.500']);
  assert.deepEqual(values, [998, undefined, 1.106, 12.5]);
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /^file: "n": values such as line 4 \("1\.106"\) are read as decimals; .*--decimal , .* --decimal \.$/);
  assert.deepEqual(await noted(['998', '1.106', '12.500'], { decimal: ',' }), [[998, 1106, 12_500], []]);
  assert.deepEqual(await noted(['998', '1.106', '12.500'], { decimal: '.' }), [[998, 1.106, 12.5], []]);
  // One value that no thousands are grouped in tells it, wherever it stands.
  for (const clear of ['0.998', '12.5', '1500', '1500.125', '1.5e3', '"1,106.5"']) {
    assert.deepEqual((await noted(['1.106', clear]))[1], [], clear);
    assert.deepEqual((await noted([clear, '1.106']))[1], [], clear);
  }
  assert.deepEqual(await noted(['998', '"1,106"']), [[998, 1106], []]);
  assert.deepEqual(await noted(['998', '7']), [[998, 7], []]);
});

test('times of digits: dates, or what they count from 1970 where one says so', async () => {
  const at = async (text: string, options: SeriesOptions = {}): Promise<number[]> =>
    (await read(text, options)).map(({ timeMs }) => timeMs);
  const nine = Date.UTC(2026, 2, 1, 9);
  assert.deepEqual(await at('20260301,5\n202603010900,6\n20260301090000,7\n'), [Date.UTC(2026, 2, 1), nine, nine]);
  assert.deepEqual(await at('2026030109,5\n2026030110,6\n'), [nine, nine + 3_600_000]);
  assert.deepEqual(await at('2026030109,5\n2026030110,6\n', { timeFormat: 's' }), [2_026_030_109_000, 2_026_030_110_000]);
  await assert.rejects(at('2026030109,5\n1772442000,6\n'), /^AppError: file:2:1: found "1772442000".*expected a date of digits/);
  assert.deepEqual(await at('0,5\n0.5,6\n20260301,7\n', { timeFormat: 's' }), [0, 500, 20_260_301_000]);
});

test('the first line says what separates: what stands there most often, outside of quotes', async () => {
  const cases: [header: string, line: string][] = [
    ['Zeit;"Anfragen, je Stunde, gesamt"', '2026-03-02 09:00;1,5;'],
    ['Zeit;Anfragen, je Stunde', '2026-03-02 09:00;1,5'],
    ['Zeit\t"Anfragen; je ""Stunde;"" (alle)"', '2026-03-02 09:00\t1,5\t\t'],
    ['Zeit,"Anfragen; je Stunde; gesamt"', '2026-03-02 09:00,1.5,'],
    ['Zeit,b;c,n', '2026-03-02 09:00,1.5,7'],
  ];
  for (const [header, line] of cases) {
    const points = await read(`${header}\n${line}\n`);
    assert.deepEqual(points, [{ timeMs: Date.UTC(2026, 2, 2, 9), timeText: '2026-03-02 09:00', value: 1.5 }], header);
  }
});

test('lines that wait are bounded in size, not only in number', () => {
  const columns = { separator: ',', names: ['day', 'n', 'note'], time: 0, value: 1, width: 3, isPoint: false };
  const lines = createPointLines(columns, seriesFormat('csv', {}), refused);
  const note = 'x'.repeat(60_000);
  let added = 0;
  const fill = (): void => {
    while (added < 1_000) lines.add(`3/1/2026,5,${note}`, ++added, []);
  };
  assert.throws(fill, { message: /^1: "3\/1\/2026" as "day".*no line of the next 559 tells which/ });
  assert.equal(added, 560);
});
