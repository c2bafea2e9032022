/**
 * AdSim over regimes and seeds, a process a run: false alarms, precision, recall against the information bound, cost, with the
 * counts beside each rate. `--quick`: a few small runs. `--regimes base,hard,PATH --seeds 41-46 --segments 300 --budget 1
 * --jobs 1` choose; the regimes of the benchmark itself go by their name, such as `own-jump`.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const ADAPTER = fileURLToPath(new URL('./adsim-adapter.ts', import.meta.url));
const OUT = new URL('../out/', import.meta.url);
const ADSIM = new URL('../../../shared/adsim/', import.meta.url);
const OWN_REGIMES = new URL('./regimes/', import.meta.url);
const SCORE = fileURLToPath(new URL('score.mjs', ADSIM));
const REGIMES_ALL = 'base,hard,own-jump,own-step,own-week,own-burst,own-heavy,drops,everything,rough-money,lag-jump';

interface Count {
  readonly count: number;
  readonly of: number;
}
/** What `score.mjs --json` prints, as far as it is used here. */
interface Score {
  readonly regime: string;
  readonly days: number;
  readonly seed: number;
  readonly segments: number;
  readonly falseAlarms: {
    readonly count: number;
    readonly byType: Readonly<Record<string, { readonly count: number }>>;
    readonly inFirstDay: number;
    readonly setAside: number;
  };
  readonly precision: Count;
  readonly kinds: readonly {
    readonly kind: string;
    readonly recall: Count;
    readonly medianDelayMinutes: number | null;
    readonly informationBound: Count;
    readonly byTier: Readonly<Record<string, Count>>;
  }[];
  readonly cost: { readonly microsecondsPerObservation: number; readonly stateBytesPerSegment: number };
}

const { values: options } = parseArgs({
  options: {
    regimes: { type: 'string' },
    seeds: { type: 'string' },
    segments: { type: 'string' },
    budget: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    order: { type: 'string', default: 'time' },
  },
});

if (existsSync(SCORE)) await main();
else console.log(`adsim: skipped, there is no ${SCORE}`);

async function main(): Promise<void> {
  const regimes = (options.regimes ?? (options.quick ? 'base,hard' : REGIMES_ALL)).split(',');
  const seeds = seedsOf(options.seeds ?? (options.quick ? '41' : '41-45'));
  const segments = options.segments ?? (options.quick ? '100' : '300');
  const queue = regimes.flatMap((regime) => seeds.map((seed) => ({ regime, seed })));
  const scores: Score[] = [];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) scores.push(await run(next.regime, next.seed, segments));
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, worker));
  const byRegime = [...Map.groupBy(scores, (score) => score.regime)];
  console.log(`AdSim, ${segments} segments, seeds ${seeds.join(' ')}, budget ${options.budget} a day`);
  for (const [regime, of] of byRegime) print(regime, of);
  mkdirSync(OUT, { recursive: true });
  const result = { segments: Number(segments), seeds, budget: Number(options.budget), regimes: Object.fromEntries(byRegime) };
  writeFileSync(new URL('adsim.json', OUT), `${JSON.stringify(result, null, 2)}\n`);
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

async function run(regime: string, seed: number, segments: string): Promise<Score> {
  const chosen = ['--regime', regimeArgument(regime), '--seed', String(seed), '--segments', segments];
  const settings = ['--false-alarms-per-day', options.budget, '--order', options.order, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [SCORE, '--detector', ADAPTER, ...chosen, ...settings], {
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout) as Score;
}

function print(regime: string, scores: readonly Score[]): void {
  const sum = (value: (score: Score) => number): number => scores.reduce((total, score) => total + value(score), 0);
  const days = sum((score) => score.days);
  const alarms = sum((score) => score.falseAlarms.count);
  const types = Object.keys(scores[0]?.falseAlarms.byType ?? {});
  const byType = types.map((type) => `${type} ${sum((score) => score.falseAlarms.byType[type]?.count ?? 0)}`).join(', ');
  const [hits, episodes] = [sum((score) => score.precision.count), sum((score) => score.precision.of)];
  const cost = sum((score) => score.cost.microsecondsPerObservation) / scores.length;
  console.log(`\n${regime}: ${(alarms / days).toFixed(2)} false alarms a day (${alarms} in ${days} days; ${byType};`);
  console.log(
    `  first day ${sum((score) => score.falseAlarms.inFirstDay)}, by seed ${scores.map((score) => score.falseAlarms.count).join(' ')})`,
  );
  console.log(
    `  precision ${(hits / episodes).toFixed(4)} (${hits} of ${episodes}), ${cost.toFixed(2)} us a row, ${scores[0]?.cost.stateBytesPerSegment} bytes`,
  );
  scores[0]?.kinds.forEach(({ kind, byTier }, index) => {
    const found = sum((score) => score.kinds[index]?.recall.count ?? 0);
    const all = sum((score) => score.kinds[index]?.recall.of ?? 0);
    const possible = sum((score) => score.kinds[index]?.informationBound.count ?? 0);
    const delays = scores.map((score) => score.kinds[index]?.medianDelayMinutes ?? Number.NaN);
    const tiers = Object.keys(byTier).map((tier) => {
      const part = (value: (count: Count) => number): number =>
        sum((score) => value(score.kinds[index]?.byTier[tier] ?? { count: 0, of: 0 }));
      return `${tier}: ${part((count) => count.count)}/${part((count) => count.of)}`;
    });
    console.log(
      `  ${kind.padEnd(14)} ${(found / all).toFixed(3)} (${found} of ${all}), bound ${(possible / all).toFixed(3)}, ` +
        `median ${delays.map((delay) => delay.toFixed(0)).join(' ')} min; ${tiers.join(', ')}`,
    );
  });
}
