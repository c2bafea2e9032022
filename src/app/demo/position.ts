/** How far an earlier demo on a data directory has come. */
import { existsSync } from 'node:fs';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { openDataDir } from '../../log/embedded/data-dir.ts';
import { lastPosition } from '../run/feeds.ts';

/** Where the generator is, epoch ms: when it was first started, and up to when all its events have come. */
export interface DemoPosition {
  readonly origin: number;
  readonly until: number;
}

/** How long it has not run, of the time whose events come at full rate, ms; a backfill that was broken off is no pause. */
export function pauseMs(position: DemoPosition | undefined, nowMs: number): number {
  return position ? nowMs - Math.max(position.origin, position.until) : 0;
}

/** So much is made up for while the page is up already: its events are counted within a second or two. */
export const MADE_UP_LIVE_MS = 5_000;

/**
 * Whether a run makes up for `missingMs` before the page is up, after one that made up for `missedMs` (at first Infinity). A machine that takes
 * more than half of the time that it makes up for leaves out the rest: it would be behind for minutes.
 */
export function makesUpFirst(missingMs: number, missedMs: number): boolean {
  return missingMs > MADE_UP_LIVE_MS && missingMs <= missedMs / 2;
}

/** Undefined: there was none. */
export async function demoPosition(dir: string, config: LoadedPipeline, clock: Clock): Promise<DemoPosition | undefined> {
  if (!existsSync(dir)) return undefined;
  const { logPath } = openDataDir(dir, { create: false });
  if (!existsSync(logPath)) return undefined;
  const log = createEmbeddedLog({ path: logPath, clock, readOnly: true });
  try {
    const input = config.inputs[0]!;
    return (await lastPosition(log, `${config.engine.pipeline}/${input.topic}/${input.kind}`)) as DemoPosition | undefined;
  } finally {
    await log.close();
  }
}
