/** Runs over the ad-tech sample that are killed at random points and started again, until one ends by itself. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Random } from '../../src/core/random.ts';
import { createEmbeddedLog } from '../../src/log/embedded/embedded-log.ts';
import { start } from './tocsin.ts';
import { SAMPLE } from './sample-checks.ts';

export interface KilledRuns {
  readonly data: string;
  readonly outcomes: string;
  /** The JSON line of the run that ended by itself. */
  readonly summary: string;
  /** Lines of the sample that were committed when each kill had come. */
  readonly linesAt: readonly number[];
}

const LINES = 5_021;
/** What the outcomes of all lines take, about: as they are written with each commit, they tell how far a run is. */
const OUTCOMES_BYTES = 170_000;
/** A fifth of the kills comes at any time of a start; the others some way further than the last one, and a moment later. */
const START_MS = 400;
const MOMENT_MS = 10;

/** `kills` at most: a run may be through before. Each run reads in batches of another size and commits after every one. */
export async function killedRuns(dir: string, pipeline: string, kills: number, random: Random): Promise<KilledRuns> {
  mkdirSync(dir, { recursive: true });
  const data = path.join(dir, 'killed');
  const outcomes = path.join(dir, 'killed-outcomes.ndjson');
  const linesAt: number[] = [];
  for (;;) {
    const args = ['run', pipeline, '--input', SAMPLE, '--once', '--json', '--data', data, '--outcomes', outcomes, '--olap-store', 'none'];
    const running = start([...args, '--commit-every-ms', '0', '--batch-records', String(1 + random.below(40))]);
    const isLast = linesAt.length === kills;
    if (!isLast) {
      const goal = sizeOf(outcomes) + 1 + random.below((1.8 * OUTCOMES_BYTES) / kills);
      if (random.below(5) === 0) await Promise.race([sleep(random.below(START_MS)), running.ended]);
      else while (running.child.exitCode === null && sizeOf(outcomes) < goal) await sleep(1);
      await Promise.race([sleep(random.below(MOMENT_MS)), running.ended]);
      running.child.kill('SIGKILL');
    }
    const { code, signal, stdout, stderr } = await running.ended;
    if (signal !== 'SIGKILL') {
      assert.equal(code, 0, stderr);
      return { data, outcomes, summary: stdout, linesAt };
    }
    linesAt.push(await committedLines(data));
  }
}

/** Kills that came after some lines were committed and before all were. */
export function midway(linesAt: readonly number[]): number {
  return linesAt.filter((count) => count > 0 && count < LINES).length;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

async function committedLines(data: string): Promise<number> {
  const file = path.join(data, 'log.sqlite');
  if (!existsSync(file)) return 0;
  try {
    const log = createEmbeddedLog({ path: file, clock: systemClock, readOnly: true });
    try {
      return (await log.committed('adtech', 'ad-events', 0)) ?? 0;
    } finally {
      log.closeSync();
    }
  } catch (error) {
    // Killed while the log was being made.
    if (error instanceof AppError && error.retryable) return 0;
    throw error;
  }
}
