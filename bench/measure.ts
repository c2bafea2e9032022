/** Measuring and reporting, the same for every bench. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** CPU seconds (user and system) that `run` takes in this process. */
export function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(values.length - 1) >> 1]! + sorted[values.length >> 1]!) / 2;
}

/** At least (`least`) or at most (`most`) so much. */
interface Bar {
  readonly ratio: string;
  readonly least?: number;
  readonly most?: number;
}

export interface BenchReport {
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly ratios: Readonly<Record<string, number>>;
  /** The ratio that decides, where one does. */
  readonly bar?: Bar;
  /** Where several do: each of them. */
  readonly bars?: readonly Bar[];
  readonly [detail: string]: unknown;
}

/** Ratios that moved further than this from the kept ones are pointed out. */
const MOVED = 0.15;
/** Of the last run, and of the one that is kept in git for comparison. */
const FOLDERS = { out: new URL('./out/', import.meta.url), kept: new URL('./kept/', import.meta.url) };

/**
 * Prints the rows and ratios and what moved since the kept run, keeps them as JSON in `bench/out`, and exits with 1 when the bar is missed.
 * `KEEP=1` keeps them in `bench/kept` too, which is what later runs are compared with; where nothing is kept, that is the run before.
 */
export function report(
  name: string,
  { rows, ratios, bar, bars = bar ? [bar] : [], ...details }: BenchReport,
  { out, kept } = FOLDERS,
): void {
  console.log(name);
  for (const row of rows)
    console.log(
      `  ${Object.entries(row)
        .map(([key, value]) => (key === 'name' ? value : `${key} ${value.toLocaleString('en-US')}`))
        .join('  ')}`,
    );
  for (const [ratio, value] of Object.entries(ratios)) console.log(`  ${ratio}: ${value.toFixed(2)}`);
  for (const line of moved(name, ratios, [kept, out])) console.log(`  ${line}`);
  const met = bars.filter((one) => !judged(one, ratios[one.ratio]!)).length === 0;
  const folders = process.env['KEEP'] ? [out, kept] : [out];
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify({ name, ...details, rows, ratios, bars, met }, null, 2)}\n`);
  }
  if (!met) process.exitCode = 1;
}

function judged({ ratio, least, most }: Bar, value: number): boolean {
  const met = value >= (least ?? -Infinity) && value <= (most ?? Infinity);
  const wanted = least === undefined ? `at most ${most}` : `at least ${least}`;
  console.log(`  ${met ? 'met' : 'MISSED'}: ${ratio} ${value.toFixed(2)}, wanted ${wanted}`);
  return met;
}

function moved(name: string, ratios: BenchReport['ratios'], folders: readonly URL[]): string[] {
  const file = folders.map((folder) => new URL(`${name}.json`, folder)).find((each) => existsSync(each));
  if (file === undefined) return [];
  const before = (JSON.parse(readFileSync(file, 'utf8')) as Partial<BenchReport>).ratios ?? {};
  return Object.entries(ratios).flatMap(([ratio, now]) => {
    const then = before[ratio];
    if (then === undefined || Math.abs(now / then - 1) <= MOVED) return [];
    const percent = Math.round(Math.abs(now / then - 1) * 100);
    return `${now < then ? 'DOWN' : 'up'} ${percent} %: ${ratio} was ${then.toFixed(2)} in the run that was kept, is ${now.toFixed(2)}`;
  });
}
