import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { Labels } from '../../core/labels.ts';
import type { DetectorContext, SeriesInput } from '../detector.ts';
import { evidenceConfig } from './config.ts';
import { evidence } from './evidence.ts';

const MINUTE = 60_000;
const DAY = 1_440;
const GAP = [DAY + 50, DAY + 80] as const;
const COUNTRIES = 6;

const context: DetectorContext = {
  measure: { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 1 },
  window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
  adds: 'events',
  budget: { falseAlarmsPerDay: 0.1, tests: 2 },
  groupings: [['country', 'ad'], ['country'], []],
};

interface Ring {
  readonly minute: number;
  readonly series: string;
  readonly direction: string;
}

/**
 * Clicks come minutes after their impressions. The first country says nothing in the gap: `lost`, its rows are; else it has no impressions, and
 * a row where a click comes. `mean`: impressions of a segment a minute; ads of a country.
 */
function ringsOf(mean: number, ads: number, isLost: boolean, ctr = 0.02): Ring[] {
  const detector = evidence.create(evidenceConfig.parse({ down: '50%', up: '100%' }), context);
  const segments = Array.from({ length: COUNTRIES * ads }, (_, i) => ({ country: `C${Math.floor(i / ads)}`, ad: `A${i}` }));
  const series: Labels[] = [{}, ...Array.from({ length: COUNTRIES }, (_, i) => ({ country: `C${i}` })), ...segments];
  const members = series.map(({ country, ad }) =>
    segments.flatMap((one, i) => ((country ?? one.country) === one.country && (ad ?? one.ad) === one.ad ? [i] : [])),
  );
  const randoms = segments.map((_, i) => createRandom(4, i));
  const due = segments.map(() => new Map<number, number>());
  let states: unknown[] = series.map(() => undefined);
  let shared: unknown;
  const rings: Ring[] = [];
  const on = new Set<string>();
  for (let minute = 0; minute < DAY + 120; minute++) {
    const isGap = minute >= GAP[0] && minute < GAP[1];
    const values = segments.map(({ country }, i) => {
      const random = randoms[i]!;
      const isSilent = isGap && country === 'C0';
      const impressions = isSilent && !isLost ? 0 : random.poisson(mean);
      for (let left = random.poisson(impressions * ctr); left > 0; left--) {
        const at = minute + Math.floor(random.unit() - 4 * Math.log(1 - random.unit()));
        due[i]!.set(at, (due[i]!.get(at) ?? 0) + 1);
      }
      return isSilent && isLost ? [0, 0] : [due[i]!.get(minute) ?? 0, impressions];
    });
    const inputs = series.map((labels, index): SeriesInput<unknown> => {
      let [amount, exposure] = [0, 0];
      for (const i of members[index]!) {
        amount += values[i]![0]!;
        exposure += values[i]![1]!;
      }
      const times = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
      const value = exposure > 0 ? amount / exposure : null;
      const observation = { ...times, labels, value, volume: exposure, absent: amount + exposure === 0, parts: { amount, exposure } };
      return { state: states[index], observation };
    });
    const { steps, shared: next } = detector.observeWindow(inputs, shared);
    shared = next;
    states = steps.map(({ state }) => state);
    steps.forEach(({ verdicts }, index) => {
      for (const { direction, status } of verdicts) {
        const name = `${Object.values(series[index]!).join('/')} ${direction}`;
        if (status !== 'firing') on.delete(name);
        else if (!on.has(name)) {
          on.add(name);
          rings.push({ minute: minute - DAY, series: name, direction });
        }
      }
    });
  }
  return rings;
}

for (const isLost of [true, false]) {
  const what = isLost ? 'rows are lost' : 'traffic pauses';
  test(`clicks that come minutes after their impressions ring nothing where the ${what} beside segments that go on`, () => {
    assert.deepEqual(ringsOf(1_000, 1, isLost), []);
  });
}

test('a country whose rows are lost rings nothing either, though each of its segments goes without a row now and then', () => {
  assert.deepEqual(ringsOf(2.5, 8, true, 0.4), []);
});
