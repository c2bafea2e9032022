import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { WindowRow } from '../../windows/row.ts';
import { experimentStandings } from './experiment.ts';
import { rowAt } from '../../../test/support/window-row.ts';

const MINUTE = 60_000;
const measures: MeasureSpec[] = [
  { kind: 'count', name: 'clicks', source: 'events', where: [] },
  { kind: 'count', name: 'views', source: 'events', where: [] },
  { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'views', scale: 100 },
];
const pipeline = { name: 'p', dimensions: ['banner', 'country'], measures, rollups: [['banner'], []] };
const query = { measure: 'ctr', of: 'banner', control: 'old', error: 0.05 };

function row(minute: number, labels: Record<string, string>, clicks: number, views: number, final = true): WindowRow {
  const counted = { clicks, views };
  const shown = { ...counted, ctr: views > 0 ? (100 * clicks) / views : null };
  return rowAt(minute * MINUTE, { labels, measures: shown, state: counted, events: clicks + views, final });
}

async function* rowsOf(minutes: number, rates: Record<string, number>): AsyncGenerator<WindowRow> {
  const random = createRandom(1);
  for (let minute = 0; minute < minutes; minute++) {
    for (const [banner, rate] of Object.entries(rates)) {
      const [clicks, views] = [random.poisson(200 * rate), 200];
      yield row(minute, { banner }, clicks, views);
      // Rows of other sets of dimensions, and provisional ones, count nothing.
      yield row(minute, { banner, country: 'KR' }, clicks, views);
      yield row(minute, { banner }, 999, 999, false);
    }
    yield row(minute, {}, 10, 1_000);
  }
}

test('attempts in windows without the control are not counted, and told apart', async () => {
  async function* rows(): AsyncGenerator<WindowRow> {
    yield row(0, { banner: 'old' }, 4, 200);
    yield row(0, { banner: 'new' }, 8, 200);
    yield row(1, { banner: 'new' }, 9, 300);
  }
  const [control, other] = await experimentStandings(rows(), pipeline, query);
  assert.deepEqual([control?.attempts_alone, other?.attempts, other?.attempts_alone], [0, 200, 300]);
});

test('a window in which the control has no attempts waits for it', async () => {
  async function* rows(): AsyncGenerator<WindowRow> {
    yield row(0, { banner: 'old' }, 4, 200);
    yield row(0, { banner: 'new' }, 8, 200);
    yield row(1, { banner: 'new' }, 9, 300);
    yield row(2, { banner: 'new' }, 3, 0);
    yield row(3, { banner: 'old' }, 5, 250);
  }
  const [control, other] = await experimentStandings(rows(), pipeline, query);
  assert.deepEqual([control?.attempts, other?.attempts, other?.successes, other?.attempts_alone], [450, 500, 20, 0]);
  const money = measures.map((measure) => (measure.name === 'clicks' ? { ...measure, currency: 'EUR' } : measure));
  await assert.rejects(
    experimentStandings(rows(), { ...pipeline, measures: money }, query),
    /ctr is a ratio in EUR; expected a ratio of counts/,
  );
});

test('says who is better and since when, and who is not decided yet', async () => {
  const [control, better, same] = await experimentStandings(rowsOf(600, { old: 0.02, new: 0.03, same: 0.02 }), pipeline, query);
  assert.deepEqual([control?.variant, control?.verdict, control?.attempts], ['old', 'control', 120_000]);
  assert.deepEqual([better?.variant, better?.verdict], ['new', 'better']);
  assert.ok(better!.range![0] > 1 && better!.range![0] < 1.5 && better!.range![1] > 1.5);
  assert.ok(Date.parse(better!.decided_at!) < 300 * MINUTE, better!.decided_at!);
  assert.deepEqual([same?.variant, same?.verdict, same?.decided_at], ['same', 'undecided', null]);
  assert.ok(same!.range![0] < 1 && same!.range![1] > 1);
});

test('wrong questions are answered with the right ones', async () => {
  const ask = (over: object) => experimentStandings(rowsOf(2, { old: 0.1, new: 0.1 }), pipeline, { ...query, ...over });
  await assert.rejects(ask({ measure: 'clicks' }), /no ratio "clicks"; expected one of: ctr/);
  await assert.rejects(ask({ of: 'flag' }), /no dimension "flag"; expected one of: banner, country/);
  await assert.rejects(ask({ control: 'older' }), /no windows with banner "older"; expected the control to be one of: new, old/);
});
