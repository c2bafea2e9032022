/** How far the backfill is, read from beside it: a line that is renewed on a terminal, and now and then one elsewhere. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { openDataDir } from '../../log/embedded/data-dir.ts';
import type { RunDeps } from '../run.ts';

export interface BackfillProgress {
  /** Resolves to the events counted. */
  stop(): Promise<number>;
}

export interface BackfillConfig {
  readonly dir: string;
  readonly config: LoadedPipeline;
  /** Events, about. */
  readonly expected: number;
}

const EVERY_MS = { terminal: 250, file: 3_000 } as const;
const WIDTH = 30;

export function watchBackfill(
  { dir, config, expected }: BackfillConfig,
  { clock, stderr }: { readonly clock: Clock; readonly stderr: RunDeps['stderr'] },
): BackfillProgress {
  const isLive = stderr.isTTY === true;
  const timer = setInterval(() => void show(), isLive ? EVERY_MS.terminal : EVERY_MS.file);

  async function counted(): Promise<number> {
    const log = createEmbeddedLog({ path: openDataDir(dir, { create: false }).logPath, clock, readOnly: true });
    try {
      return (await log.committed(config.engine.pipeline, config.inputs[0]!.topic, 0)) ?? 0;
    } finally {
      await log.close();
    }
  }

  async function show(): Promise<void> {
    // Not there in the first moment.
    const events = await counted().catch(() => 0);
    // Beyond its end: that has no length of its own.
    const more = events > expected ? ', with what would have come meanwhile' : '';
    const text = `      ${bar(Math.min(1, events / expected))}  ${events.toLocaleString('en-US')} events${more}`;
    stderr.write(isLive ? `\r\x1b[K${text}` : `${text}\n`);
  }

  return {
    async stop() {
      clearInterval(timer);
      if (isLive) stderr.write('\r\x1b[K');
      return counted().catch(() => 0);
    },
  };
}

function bar(share: number): string {
  const full = Math.round(share * WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}
