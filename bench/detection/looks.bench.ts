/**
 * How soon traffic that is three times as large is told, with a look every second and without: AdSim's injected run, its rises of traffic alone,
 * windows judged whole as in a pipeline. Within a minute impressions come at any moment.
 * `--regimes base,hard --seeds 83,87 --segments 300` choose.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/core/random.ts';
import type { Observation, SeriesInput } from '../../src/detectors/detector.ts';
import { evidenceConfig } from '../../src/detectors/evidence/config.ts';
import { evidence } from '../../src/detectors/evidence/evidence.ts';
import { median, report } from '../measure.ts';

const MINUTE = 60_000;
const LOOKS = 60;
const TESTS = 5;
/** Of AdSim's segments: one injected rise of traffic each. */
const KIND = 'traffic_spike';
const ADSIM = new URL('../../../shared/adsim/', import.meta.url);

/** As `model.mjs` has it. */
interface Segment {
  readonly injections: readonly { readonly type: string; readonly start: number; readonly end: number }[];
  /** Fills in the next minute; false: the minute is missing. */
  next(row: { impressions: number }): boolean;
}

interface Regime {
  readonly days: number;
}

const { values: options } = parseArgs({
  options: {
    regimes: { type: 'string', default: 'base,hard' },
    seeds: { type: 'string', default: '83,87' },
    segments: { type: 'string', default: '300' },
  },
});
const SEGMENTS = Number(options.segments);

if (existsSync(ADSIM)) await main();
else console.log(`looks: skipped, there is no ${ADSIM.pathname}`);

async function main(): Promise<void> {
  const rows = [];
  for (const regime of options.regimes.split(',')) {
    for (const seed of options.seeds.split(',').map(Number)) rows.push({ name: `${regime}, seed ${seed}`, ...(await run(regime, seed)) });
  }
  const minutes = rows.map(({ median_minutes: each }) => each);
  report('looks', {
    segments: SEGMENTS,
    rows,
    ratios: { 'minutes with looks, of one': Math.max(...minutes) },
    isLessBetter: true,
    bar: { ratio: 'minutes with looks, of one', most: 1 },
  });
}

async function run(name: string, seed: number) {
  const { Segment } = (await import(new URL('model.mjs', ADSIM).href)) as { Segment: new (of: object) => Segment };
  const { loadRegime } = (await import(new URL('regimes.mjs', ADSIM).href)) as { loadRegime(name: string): Regime };
  const regime = loadRegime(name);
  const segments = Array.from({ length: SEGMENTS }, (_, index) => new Segment({ regime, seed, index, injected: true }));
  const rises = segments.map(({ injections }) => injections.find(({ type }) => type === KIND));
  const detector = evidence.create(evidenceConfig.parse({ down: '50%', up: '200%' }), {
    measure: { kind: 'count', name: 'impressions', source: 'events', where: [] },
    window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
    adds: 'events',
    budget: { falseAlarmsPerDay: 1, tests: TESTS },
    groupings: [['segment']],
  });
  const random = createRandom(seed);
  const row = { impressions: 0 };
  const states: unknown[] = segments.map(() => undefined);
  let shared: unknown;
  /** Minutes after it began, by segment. */
  const withLooks = new Map<number, number>();
  const withRows = new Map<number, number>();

  function looks(minute: number, counts: ReadonlyMap<number, number>): void {
    const open = [...counts.keys()].filter((segment) => !withLooks.has(segment) && isOn(segment, minute));
    const arrivals = open.map((segment) => {
      const soFar = new Uint32Array(LOOKS);
      for (let event = counts.get(segment)!; event > 0; event--) soFar[Math.floor(random.unit() * LOOKS)]!++;
      for (let at = 1; at < LOOKS; at++) soFar[at]! += soFar[at - 1]!;
      return soFar;
    });
    for (let at = 0; at < LOOKS - 1; at++) {
      const waiting = open.flatMap((segment, i) => (withLooks.has(segment) ? [] : [{ segment, soFar: arrivals[i]![at]! }]));
      if (waiting.length === 0) return;
      const inputs = waiting.map(({ segment, soFar }) => inputOf(segment, minute, soFar));
      const verdicts = detector.look!(inputs, shared, { rung: 0, series: SEGMENTS });
      waiting.forEach(({ segment }, i) => {
        if (verdicts[i]!.length > 0) withLooks.set(segment, minute - rises[segment]!.start + (at + 1) / LOOKS);
      });
    }
  }

  const isOn = (segment: number, minute: number): boolean => {
    const rise = rises[segment];
    return rise !== undefined && minute >= rise.start && minute < rise.end;
  };

  function inputOf(segment: number, minute: number, count: number): SeriesInput<unknown> {
    const startMs = minute * MINUTE;
    const labels = { segment: String(segment) };
    const observation: Observation = {
      startMs,
      endMs: startMs + MINUTE,
      value: count,
      volume: count,
      labels,
      absent: false,
      parts: { amount: count, exposure: 1 },
    };
    return { state: states[segment], observation };
  }

  for (let minute = 0; minute < regime.days * 1_440; minute++) {
    const counts = new Map<number, number>();
    segments.forEach((each, segment) => {
      if (each.next(row)) counts.set(segment, row.impressions);
    });
    if (minute > 0) looks(minute, counts);
    const present = [...counts];
    const judged = detector.observeWindow(
      present.map(([segment, count]) => inputOf(segment, minute, count)),
      shared,
    );
    shared = judged.shared;
    judged.steps.forEach(({ state, verdicts }, i) => {
      const segment = present[i]![0];
      states[segment] = state;
      if (!isOn(segment, minute) || !verdicts.some(({ status, direction }) => status === 'firing' && direction === 'up')) return;
      const after = minute - rises[segment]!.start + 1;
      if (!withRows.has(segment)) withRows.set(segment, after);
      if (!withLooks.has(segment)) withLooks.set(segment, after);
    });
  }
  return {
    breaks: rises.filter((rise) => rise !== undefined).length,
    found: withLooks.size,
    median_minutes: median([...withLooks.values()]),
    median_minutes_rows_alone: median([...withRows.values()]),
  };
}
