/** The contest: every contender on a small and on a large topic, in turn, round after round; and what comes of it. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ServiceMissing } from '../../scripts/services/service.ts';
import { median } from '../measure.ts';
import type { Contender } from './contenders.ts';
import { measuredRun, type Measured } from './measured-run.ts';
import { difference, readResult, type Result } from './results.ts';
import type { SizedTopic } from './topics.ts';

export interface ContestOptions {
  readonly broker: string;
  /** Ascending. What lies between the two is measured, so start-up and warming up count for nobody. */
  readonly topics: readonly [small: SizedTopic, large: SizedTopic];
  readonly rounds: number;
  readonly dir: string;
  /** How many fields of a result's line name the cell. */
  readonly keyParts: number;
}

export interface Standing {
  readonly name: string;
  /** Medians over the rounds, with the lowest and highest. */
  readonly perCpuSecond: Spread;
  readonly perSecond: Spread;
  /** Of the runs on the large topic. */
  readonly peakBytes: number;
}

export interface Spread {
  /** Of each round, in order. */
  readonly rounds: readonly number[];
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Outcome {
  readonly standings: readonly Standing[];
  /** Not ranked: why, by name. */
  readonly unranked: ReadonlyMap<string, string>;
}

/** The first contender's results are what the others' are held against. */
export async function contest(contenders: readonly Contender[], options: ContestOptions): Promise<Outcome> {
  const { topics, rounds, dir } = options;
  const unranked = new Map<string, string>();
  for (const { name, prepare } of contenders) {
    try {
      await prepare?.(path.join(dir, 'prepared'));
    } catch (error) {
      if (!(error instanceof ServiceMissing)) throw error;
      unranked.set(name, `skipped: ${error.message}`);
    }
  }
  const wanted = new Map<string, Result>();
  const runs = new Map<string, [small: Measured, large: Measured][]>();
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      if (unranked.has(contender.name)) continue;
      const pair: Measured[] = [];
      for (const sized of topics) {
        const { measured, result } = await oneRun(contender, sized, options);
        if (!wanted.has(sized.topic)) wanted.set(sized.topic, result);
        const wrong = difference(result, wanted.get(sized.topic)!);
        if (wrong !== undefined) unranked.set(contender.name, `WRONG with ${sized.events} events: ${wrong}`);
        pair.push(measured);
      }
      const [small, large] = pair as [Measured, Measured];
      runs.set(contender.name, [...(runs.get(contender.name) ?? []), [small, large]]);
      const rate = ratesOf([[small, large]], topics, 'cpuSeconds').median;
      console.error(
        `round ${round + 1}: ${contender.name}: ${million(rate)} M events a CPU second ` +
          `(${small.cpuSeconds.toFixed(1)} s and ${large.cpuSeconds.toFixed(1)} s of CPU)${unranked.has(contender.name) ? ', WRONG' : ''}`,
      );
    }
  }
  const standings = [...runs].flatMap(([name, pairs]): Standing[] =>
    unranked.has(name)
      ? []
      : [
          {
            name,
            perCpuSecond: ratesOf(pairs, topics, 'cpuSeconds'),
            perSecond: ratesOf(pairs, topics, 'seconds'),
            peakBytes: median(pairs.map(([, { peakBytes }]) => peakBytes)),
          },
        ],
  );
  return { standings, unranked };
}

/** `env`: of the process, beside ours. */
export async function oneRun(
  { name, command, finish }: Contender,
  { topic, events }: SizedTopic,
  { broker, dir, keyParts }: ContestOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<{ measured: Measured; result: Result }> {
  // A name of its own also in the broker.
  const runDir = path.join(dir, `run-${process.hrtime.bigint().toString(36)}`);
  mkdirSync(runDir, { recursive: true });
  try {
    const run = { broker, topic, events, dir: runDir, file: path.join(runDir, 'result.tsv') };
    const measured = await measuredRun({ env, ...command(run) });
    await finish?.(run, measured.stdout);
    return { measured, result: readResult(run.file, keyParts) };
  } catch (error) {
    throw new Error(`${name} failed with ${events} events`, { cause: error });
  } finally {
    rmSync(runDir, { recursive: true, force: true });
  }
}

function ratesOf(
  pairs: readonly (readonly [Measured, Measured])[],
  [small, large]: readonly [SizedTopic, SizedTopic],
  what: 'cpuSeconds' | 'seconds',
): Spread {
  const rates = pairs.map(([a, b]) => (large.events - small.events) / (b[what] - a[what]));
  return { rounds: rates, median: median(rates), low: Math.min(...rates), high: Math.max(...rates) };
}

export function million(rate: number): string {
  return (rate / 1e6).toFixed(2);
}
