/**
 * Does `evidence` keep its promise where windows are not a minute long? AdSim's segments, cut into windows of each size and judged whole, with their
 * roll-ups, as in a pipeline: false episodes of all series against the budget, and breaks found against the information bound.
 * `--sizes 10s,5m --regimes base,hard --seeds 41-43 --segments 100 --days 7 --levels 1 --budget 1` choose; `--quick`: a small run.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/core/duration.ts';
import type { Labels } from '../../src/core/labels.ts';
import type { Detector, Direction, SeriesInput } from '../../src/detectors/detector.ts';
import { evidenceConfig } from '../../src/detectors/evidence/config.ts';
import { evidence } from '../../src/detectors/evidence/evidence.ts';
import { loadRegime, loadSegments, windowReader, type Regime, type Segment, type Values } from './window-rows.ts';

const MINUTE = 60_000;
const DAY = 1_440;
const TESTS = 5;
const SHARED = new URL('../../../shared/adsim/', import.meta.url);
/** Windows that a break lasts for where an hour has fewer: the longest span. */
const BREAK_WINDOWS = 12;
/** A few full segments share each roll-up. */
const DIMENSIONS = ['country', 'format', 'site'];
const LEVELS: readonly (readonly (readonly string[])[])[] = [[], [['country'], []], [['country', 'format'], ['country'], ['format'], []]];

/** One detect entry: what it watches, and what AdSim calls its alarms. */
interface Entry {
  readonly name: string;
  readonly detector: Detector;
  readonly types: { readonly [direction in Direction]?: string };
  read(values: Values): readonly [amount: number, exposure: number];
  readonly zero: readonly [amount: number, exposure: number];
  states: unknown[];
  shared: unknown;
  /** By series: 1 where `down` is on, 2 where `up` is. */
  readonly on: Uint8Array;
}

interface Episode {
  readonly type: string;
  readonly series: number;
  /** Minutes. */
  readonly from: number;
  readonly until: number;
}

interface World {
  readonly segments: readonly Segment[];
  readonly labels: readonly Labels[];
  /** Series that a segment's values are part of: itself, then its roll-ups. */
  readonly parts: readonly (readonly number[])[];
}

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10s,30s,1m,5m,15m,1h' },
    regimes: { type: 'string', default: 'base,hard' },
    seeds: { type: 'string', default: '41-43' },
    segments: { type: 'string', default: '100' },
    days: { type: 'string' },
    levels: { type: 'string', default: '1' },
    budget: { type: 'string', default: '1' },
    recall: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const BUDGET = Number(options.budget);

if (existsSync(SHARED)) await main();
else console.log(`window-sizes: skipped, there is no ${SHARED.pathname}`);

async function main(): Promise<void> {
  const seeds = options.quick ? [41] : seedsOf(options.seeds);
  for (const name of options.regimes.split(',')) {
    const place = [new URL(`./regimes/${name}.json`, import.meta.url), new URL(`regimes/${name}.json`, SHARED)].map((url) =>
      fileURLToPath(url),
    );
    const loaded = await loadRegime(place.find((path) => existsSync(path)) ?? name);
    const regime = options.days === undefined ? loaded : { ...loaded, days: Number(options.days) };
    for (const size of options.sizes.split(',')) await measure(regime, size, seeds);
  }
}

async function measure(regime: Regime, size: string, seeds: readonly number[]): Promise<void> {
  const windowMs = parseDuration(size)!;
  const minutes = Math.max(60, (BREAK_WINDOWS * windowMs) / MINUTE);
  const broken = { ...regime, injections: regime.injections.map((one) => ({ ...one, minutes, creditMinutes: minutes })) };
  const count = options.quick ? 20 : Number(options.segments);
  const wrong: { episode: Episode; isRollUp: boolean }[] = [];
  const found = regime.injections.map(() => ({ found: 0, possible: 0, of: 0 }));
  for (const seed of seeds) {
    const clean = worldOf(await loadSegments(broken, seed, count, false));
    const excused = new Set<unknown>();
    for (const episode of run(clean, windowMs, regime.days, seed)) {
      if (!isExcused(episode, clean, windowMs, excused)) wrong.push({ episode, isRollUp: episode.series >= count });
      if (options.list) console.log(JSON.stringify({ seed, ...episode, labels: clean.labels[episode.series] }));
    }
    if (!options.recall) continue;
    const world = worldOf(await loadSegments(broken, seed, count, true));
    tally(found, world, run(world, windowMs, regime.days, seed), windowMs);
  }
  const days = regime.days * seeds.length;
  const by = (key: (one: (typeof wrong)[number]) => string): string =>
    [...Map.groupBy(wrong, key)]
      .map(([name, all]) => `${name} ${all.length}`)
      .toSorted()
      .join(', ');
  console.log(
    `${regime.name}, ${size}, ${count} segments: ${wrong.length} false in ${days} days, ${BUDGET * days} allowed ` +
      `(${by(({ episode }) => episode.type)}; ${by(({ isRollUp }) => (isRollUp ? 'roll-ups' : 'segments'))}; ` +
      `first day ${wrong.filter(({ episode }) => episode.from < DAY).length})`,
  );
  if (!options.recall) return;
  regime.injections.forEach(({ metric, factor }, kind) => {
    const one = found[kind]!;
    const bound = metric === 'revenue' ? '' : `, bound ${(one.possible / one.of).toFixed(3)}`;
    console.log(`  ${metric} x${factor}: ${(one.found / one.of).toFixed(3)} (${one.found} of ${one.of})${bound}`);
  });
}

function worldOf(segments: readonly Segment[]): World {
  const labels = segments.map((_, i): Labels => ({
    country: `C${i % 5}`,
    format: `F${Math.floor(i / 5) % 3}`,
    site: `S${Math.floor(i / 15)}`,
  }));
  const numbers = new Map<string, number>();
  const all = [...labels];
  const parts = labels.map((full, i) => [
    i,
    ...LEVELS[Number(options.levels)]!.map((names) => {
      const own = Object.fromEntries(names.map((name) => [name, full[name]!]));
      const key = JSON.stringify(own);
      if (!numbers.has(key)) numbers.set(key, all.push(own) - 1);
      return numbers.get(key)!;
    }),
  ]);
  return { segments, labels: all, parts };
}

function entriesOf(windowMs: number, series: number): Entry[] {
  const window = { name: 'w', sizeMs: windowMs, slideMs: windowMs };
  const budget = { falseAlarmsPerDay: BUDGET, tests: TESTS };
  const groupings = [DIMENSIONS, ...LEVELS[Number(options.levels)]!];
  const rest = () => ({ states: Array.from({ length: series }, () => undefined), shared: undefined, on: new Uint8Array(series) });
  const ratio = { kind: 'ratio', denominator: 'impressions', scale: 1, unit: '' } as const;
  return [
    {
      name: 'ctr',
      types: { down: 'ctr_drop', up: 'ctr_spike' },
      detector: evidence.create(evidenceConfig.parse({ down: '50%', up: '100%' }), {
        measure: { ...ratio, name: 'ctr', numerator: 'clicks' },
        window,
        budget,
        groupings,
        adds: 'events',
      }),
      read: ({ clicks, impressions }) => [clicks, impressions],
      zero: [0, 0],
      ...rest(),
    },
    {
      name: 'impressions',
      types: { down: 'traffic_drop', up: 'traffic_spike' },
      detector: evidence.create(evidenceConfig.parse({ down: '50%', up: '200%' }), {
        measure: { kind: 'count', name: 'impressions', source: 'events', where: [] },
        window,
        budget,
        groupings,
        adds: 'events',
      }),
      read: ({ impressions }) => [impressions, 1],
      zero: [0, 1],
      ...rest(),
    },
    {
      name: 'revenue',
      types: { down: 'revenue_drop' },
      detector: evidence.create(evidenceConfig.parse({ down: '50%' }), {
        measure: { ...ratio, name: 'rpi', numerator: 'revenue' },
        window,
        budget,
        groupings,
        adds: 'amounts',
      }),
      read: ({ revenue, impressions }) => [revenue, impressions],
      zero: [0, 0],
      ...rest(),
    },
  ];
}

function run({ segments, labels, parts }: World, windowMs: number, days: number, seed: number): Episode[] {
  const readers = segments.map((segment, index) => windowReader(segment, windowMs, index, seed));
  const entries = entriesOf(windowMs, labels.length);
  const sums = labels.map((): Values & { isSeen: boolean } => ({ impressions: 0, clicks: 0, revenue: 0, isSeen: false }));
  const isKnown = labels.map(() => false);
  const episodes: Episode[] = [];
  const windows = (days * DAY * MINUTE) / windowMs;
  for (let window = 0; window < windows; window++) {
    for (const sum of sums) sum.impressions = sum.clicks = sum.revenue = Number((sum.isSeen = false));
    readers.forEach((read, segment) => {
      const row = read();
      // A row is of events: where there are none there is no row.
      if (!row || row.impressions + row.clicks === 0) return;
      for (const part of parts[segment]!) {
        const sum = sums[part]!;
        sum.impressions += row.impressions;
        sum.clicks += row.clicks;
        sum.revenue += row.revenue;
        sum.isSeen = isKnown[part] = true;
      }
    });
    for (const entry of entries) judge(entry, window, windowMs, labels, sums, isKnown, episodes);
  }
  return episodes;
}

function judge(
  entry: Entry,
  window: number,
  windowMs: number,
  labels: readonly Labels[],
  sums: readonly (Values & { isSeen: boolean })[],
  isKnown: readonly boolean[],
  episodes: Episode[],
): void {
  const { detector, read, zero, states, on, types } = entry;
  const startMs = window * windowMs;
  const present: number[] = [];
  const inputs: SeriesInput<unknown>[] = [];
  sums.forEach((sum, series) => {
    if (!isKnown[series]) return;
    const [amount, exposure] = sum.isSeen ? read(sum) : zero;
    const observation = { startMs, endMs: startMs + windowMs, labels: labels[series]!, value: amount, volume: exposure };
    const parts = { amount, exposure };
    inputs.push({ state: states[series], observation: { ...observation, absent: !sum.isSeen, parts }, isCalm: on[series] === 0 });
    present.push(series);
  });
  if (inputs.length === 0) return;
  const result = detector.observeWindow(inputs, entry.shared);
  entry.shared = result.shared;
  result.steps.forEach(({ state, verdicts }, i) => {
    const series = present[i]!;
    states[series] = state;
    for (const { direction, status } of verdicts) {
      const bit = direction === 'down' ? 1 : 2;
      if (status === 'clear') on[series]! &= ~bit;
      if (status !== 'firing' || (on[series]! & bit) !== 0) continue;
      on[series]! |= bit;
      episodes.push({ type: types[direction]!, series, from: startMs / MINUTE, until: (startMs + windowMs) / MINUTE });
    }
  });
}

/** Of a segment. What all do at once its roll-ups do too: such regimes are for segments alone (`--levels 0`). */
function isExcused({ type, series, from, until }: Episode, { segments }: World, windowMs: number, excused: Set<unknown>): boolean {
  const later = (2 * windowMs) / MINUTE;
  const excuse = segments[series]
    ?.excuses()
    .find((one) => one.type === type && until > one.from && from < one.until + later && !excused.has(`${series} ${one.type} ${one.from}`));
  if (excuse) excused.add(`${series} ${excuse.type} ${excuse.from}`);
  return excuse !== undefined;
}

function tally(
  found: { found: number; possible: number; of: number }[],
  { segments, labels }: World,
  episodes: readonly Episode[],
  windowMs: number,
): void {
  const needed = Math.log((labels.length * TESTS * ((DAY * MINUTE) / windowMs)) / BUDGET);
  segments.forEach(({ injections, profile }, series) => {
    const own = episodes.filter((episode) => episode.series === series);
    for (const injection of injections) {
      const { kind, factor, metric, start, end, minutes } = injection as typeof injection & { kind: number };
      const one = found[kind]!;
      one.of++;
      const mean = profile.impressionsPerMinute * (metric === 'ctr' ? profile.ctr : 1);
      if (minutes * mean * (factor * Math.log(factor) - factor + 1) >= needed) one.possible++;
      const type = `${metric}_${factor > 1 ? 'spike' : 'drop'}`;
      if (own.some((episode) => episode.type === type && episode.until > start && episode.until <= end + windowMs / MINUTE)) one.found++;
    }
  });
}

function seedsOf(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
