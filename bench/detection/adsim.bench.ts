/**
 * AdSim over regimes and seeds, a process a run: false alarms, precision, recall against the information bound, cost, with the
 * counts beside each rate. `--quick`: a few small runs; `--all`: what the table of all figures needs, with base of 1,000 segments and
 * other budgets. `--regimes base,hard,PATH --seeds 41-46 --segments 300 --budget 1 --jobs 1` choose; the regimes of the benchmark itself
 * go by their name, such as `own-jump`.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { systemClock } from '../../src/core/clock.ts';
import { countOf, sumOf, type AdsimResult, type Score, type Series } from './adsim-score.ts';

const ADAPTER = fileURLToPath(new URL('./adsim-adapter.ts', import.meta.url));
const OUT = new URL('../out/', import.meta.url);
const ADSIM = new URL('../../../shared/adsim/', import.meta.url);
const OWN_REGIMES = new URL('./regimes/', import.meta.url);
const SCORE = fileURLToPath(new URL('score.mjs', ADSIM));
const REGIMES_ALL = 'base,hard,own-burst,own-heavy,own-jump,own-step,own-week,everything,drops';
const SEGMENTS = 300;
/** So many in one run alone: it takes longer than the others, of as many seeds. */
const SEGMENTS_MANY = 1_000;
const OTHER_BUDGETS = [0.1, 10];

type Planned = Pick<Series, 'regime' | 'segments' | 'budget'>;

const { values: options } = parseArgs({
  options: {
    regimes: { type: 'string' },
    seeds: { type: 'string' },
    segments: { type: 'string' },
    budget: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    order: { type: 'string', default: 'time' },
  },
});

if (existsSync(SCORE)) await main();
else console.log(`adsim: skipped, there is no ${SCORE}`);

async function main(): Promise<void> {
  const seeds = seedsOf(options.seeds ?? (options.quick ? '41' : '41-45'));
  const planned = plan();
  const scores = planned.map((): Score[] => []);
  const queue = planned.flatMap((one, index) =>
    (one.segments > SEGMENTS ? seeds.slice(0, 1) : seeds).map((seed) => ({ ...one, index, seed })),
  );
  // The longest first: none is left over for one process at the end.
  queue.sort((a, b) => b.segments - a.segments);
  const begun = systemClock.elapsed();
  const runs = queue.length;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      scores[next.index]!.push(await run(next, next.seed));
      const minutes = (systemClock.elapsed() - begun) / 60_000;
      console.error(`${++done} of ${runs} runs after ${minutes.toFixed(1)} minutes: ${titleOf(next)}, seed ${next.seed}`);
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, worker));
  const series = planned.map((one, index): Series => ({ ...one, scores: scores[index]!.toSorted((a, b) => a.seed - b.seed) }));
  console.log(`AdSim, seeds ${seeds.join(' ')}`);
  for (const one of series) print(one);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(new URL('adsim.json', OUT), `${JSON.stringify({ name: 'adsim', seeds, series } satisfies AdsimResult, null, 2)}\n`);
}

function plan(): Planned[] {
  const segments = Number(options.segments ?? (options.quick ? 100 : SEGMENTS));
  const budget = Number(options.budget);
  const regimes = (options.regimes ?? (options.quick ? 'base,hard' : REGIMES_ALL)).split(',');
  const planned = regimes.map((regime) => ({ regime, segments, budget }));
  if (!options.all) return planned;
  const others = OTHER_BUDGETS.map((other) => ({ regime: 'hard', segments, budget: other }));
  return [...planned, ...others, { regime: 'base', segments: SEGMENTS_MANY, budget }];
}

function titleOf({ regime, segments, budget }: Planned): string {
  return `${regime}, ${segments.toLocaleString('en-US')} segments, budget ${budget} a day`;
}

function seedsOf(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** A regime of ours, of the benchmark's folder, of its code, or a path. */
function regimeArgument(name: string): string {
  const places = [new URL(`${name}.json`, OWN_REGIMES), new URL(`regimes/${name}.json`, ADSIM)].map((url) => fileURLToPath(url));
  return places.find((place) => existsSync(place)) ?? name;
}

async function run({ regime, segments, budget }: Planned, seed: number): Promise<Score> {
  const chosen = ['--regime', regimeArgument(regime), '--seed', String(seed), '--segments', String(segments)];
  const settings = ['--false-alarms-per-day', String(budget), '--order', options.order, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [SCORE, '--detector', ADAPTER, ...chosen, ...settings], {
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout) as Score;
}

function print(one: Series): void {
  const { scores } = one;
  const sum = (value: (score: Score) => number): number => sumOf(scores, value);
  const days = sum((score) => score.days);
  const alarms = sum((score) => score.falseAlarms.count);
  const types = Object.keys(scores[0]?.falseAlarms.byType ?? {});
  const byType = types.map((type) => `${type} ${sum((score) => score.falseAlarms.byType[type]?.count ?? 0)}`).join(', ');
  const precision = countOf(scores, (score) => score.precision);
  const cost = sum((score) => score.cost.microsecondsPerObservation) / scores.length;
  console.log(`\n${titleOf(one)}: ${(alarms / days).toFixed(2)} false alarms a day (${alarms} in ${days} days; ${byType};`);
  console.log(
    `  first day ${sum((score) => score.falseAlarms.inFirstDay)}, by seed ${scores.map((score) => score.falseAlarms.count).join(' ')})`,
  );
  console.log(
    `  precision ${(precision.count / precision.of).toFixed(4)} (${precision.count} of ${precision.of}), ${cost.toFixed(2)} us a row, ` +
      `${scores[0]?.cost.stateBytesPerSegment} bytes`,
  );
  scores[0]?.kinds.forEach(({ kind, byTier }, index) => {
    const recall = countOf(scores, (score) => score.kinds[index]?.recall);
    const bound = countOf(scores, (score) => score.kinds[index]?.informationBound);
    const delays = scores.map((score) => score.kinds[index]?.medianDelayMinutes ?? Number.NaN);
    const tiers = Object.keys(byTier).map((tier) => {
      const { count, of } = countOf(scores, (score) => score.kinds[index]?.byTier[tier]);
      return `${tier}: ${count}/${of}`;
    });
    console.log(
      `  ${kind.padEnd(14)} ${(recall.count / recall.of).toFixed(3)} (${recall.count} of ${recall.of}), bound ${(bound.count / recall.of).toFixed(3)}, ` +
        `median ${delays.map((delay) => delay.toFixed(0)).join(' ')} min; ${tiers.join(', ')}`,
    );
  });
}
