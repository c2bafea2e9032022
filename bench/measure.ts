/** Measuring and reporting, the same for every bench. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

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

/** How many times as long the one took as the other, round by round. */
export function timesByRound(one: readonly number[], other: readonly number[]): number[] {
  return one.map((value, round) => value / other[round]!);
}

/** At least (`least`) or at most (`most`) so much. */
interface Bar {
  readonly ratio: string;
  readonly least?: number;
  readonly most?: number;
}

export interface BenchReport {
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  /** Each against a baseline of the same run; of several rounds one each, of which the median counts. */
  readonly ratios: Readonly<Record<string, number | readonly number[]>>;
  /** Whether less is better: of times and bytes, say; default: more is. */
  readonly isLessBetter?: boolean;
  /** The ratio that decides, where one does. */
  readonly bar?: Bar;
  /** Where several do: each of them. */
  readonly bars?: readonly Bar[];
  readonly [detail: string]: unknown;
}

/** What is kept of a run. */
interface Kept {
  readonly ratios?: Readonly<Record<string, number>>;
}

/** Ratios that moved further than this from the kept ones are pointed out. */
const MOVED = 0.15;
/** Of the last run, and of the one that is kept in git for comparison. */
const FOLDERS = { out: new URL('./out/', import.meta.url), kept: new URL('./kept/', import.meta.url) };

/**
 * Prints the rows and ratios (of several rounds the median, the lowest and the highest) and what moved since the kept run, keeps them as JSON in
 * `bench/out`, and exits with 1 when the bar is missed.
 * `KEEP=1` keeps them in `bench/kept` too, which is what later runs are compared with; where nothing is kept, that is the run before.
 */
export function report(
  name: string,
  { rows, ratios: measured, isLessBetter = false, bar, bars = bar ? [bar] : [], ...details }: BenchReport,
  { out, kept } = FOLDERS,
): void {
  console.log(name);
  for (const row of rows)
    console.log(
      `  ${Object.entries(row)
        .map(([key, value]) => (key === 'name' ? value : `${key} ${value.toLocaleString('en-US')}`))
        .join('  ')}`,
    );
  const ratios: Record<string, number> = {};
  const spreads: Record<string, readonly [low: number, high: number]> = {};
  for (const [ratio, value] of Object.entries(measured)) {
    const rounds = [value].flat();
    // Nothing to compare later runs with: JSON keeps what is no number as null.
    if (rounds.length === 0 || !rounds.every(Number.isFinite)) {
      console.log(`  ${ratio}: not measured`);
      continue;
    }
    const middle = median(rounds);
    ratios[ratio] = middle;
    if (rounds.length > 1) spreads[ratio] = [Math.min(...rounds), Math.max(...rounds)];
    const spread = spreads[ratio]?.map((each) => each.toFixed(2)).join('-');
    console.log(`  ${ratio}: ${middle.toFixed(2)}${spread === undefined ? '' : ` (${spread})`}`);
  }
  for (const line of moved(name, ratios, isLessBetter, [kept, out])) console.log(`  ${line}`);
  const met = bars.filter((one) => !judged(one, ratios[one.ratio])).length === 0;
  const folders = process.env['KEEP'] ? [out, kept] : [out];
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    const told = { name, machine: machine(), ...details, rows, ratios, spreads, bars, met };
    writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(told, null, 2)}\n`);
  }
  if (!met) process.exitCode = 1;
}

function judged({ ratio, least, most }: Bar, value: number | undefined): boolean {
  const met = value !== undefined && value >= (least ?? -Infinity) && value <= (most ?? Infinity);
  const wanted = least === undefined ? `at most ${most}` : `at least ${least}`;
  console.log(`  ${met ? 'met' : 'MISSED'}: ${ratio} ${value?.toFixed(2) ?? 'not measured'}, wanted ${wanted}`);
  return met;
}

function machine(): string {
  return `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;
}

function moved(name: string, ratios: Readonly<Record<string, number>>, isLessBetter: boolean, folders: readonly URL[]): string[] {
  const file = folders.map((folder) => new URL(`${name}.json`, folder)).find((each) => existsSync(each));
  if (file === undefined) return [];
  const { ratios: before = {} } = JSON.parse(readFileSync(file, 'utf8')) as Kept;
  return Object.entries(before).flatMap(([ratio, then]) => {
    const now = ratios[ratio];
    if (now === undefined) return `not measured: ${ratio}, which was ${then.toFixed(2)} in the run that was kept`;
    if (Math.abs(now / then - 1) <= MOVED) return [];
    const percent = Math.round(Math.abs(now / then - 1) * 100);
    const verdict = now > then === isLessBetter ? 'WORSE' : 'better';
    return `${verdict}, ${percent} %: ${ratio} was ${then.toFixed(2)} in the run that was kept, is ${now.toFixed(2)}`;
  });
}
