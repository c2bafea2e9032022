/** Measuring and reporting, the same for every bench. */
import { mkdirSync, writeFileSync } from 'node:fs';

/** CPU seconds (user and system) that `run` takes in this process. */
export function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

export interface BenchReport {
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly ratios: Readonly<Record<string, number>>;
  /** The ratio that decides: at least (`least`) or at most (`most`) so much. */
  readonly bar: { readonly ratio: string; readonly least?: number; readonly most?: number };
  readonly [detail: string]: unknown;
}

/** Prints the rows and ratios, keeps them as JSON in `bench/out`, and exits with 1 when the bar is missed. */
export function report(name: string, { rows, ratios, bar, ...details }: BenchReport): void {
  console.log(name);
  for (const row of rows)
    console.log(
      `  ${Object.entries(row)
        .map(([key, value]) => (key === 'name' ? value : `${key} ${value.toLocaleString('en-US')}`))
        .join('  ')}`,
    );
  for (const [ratio, value] of Object.entries(ratios)) console.log(`  ${ratio}: ${value.toFixed(2)}`);
  const value = ratios[bar.ratio]!;
  const met = value >= (bar.least ?? -Infinity) && value <= (bar.most ?? Infinity);
  const wanted = bar.least === undefined ? `at most ${bar.most}` : `at least ${bar.least}`;
  console.log(`  ${met ? 'met' : 'MISSED'}: ${bar.ratio} ${value.toFixed(2)}, wanted ${wanted}`);
  const folder = new URL('./out/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify({ name, ...details, rows, ratios, bar, met }, null, 2)}\n`);
  if (!met) process.exitCode = 1;
}
