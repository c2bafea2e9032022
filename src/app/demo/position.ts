/** How far an earlier demo on a data directory has come. */
import { existsSync } from 'node:fs';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { openDataDir } from '../../log/embedded/data-dir.ts';
import { lastPosition } from '../feed.ts';

/** All of its generated events arrived before this, epoch ms; undefined: there was none. */
export async function demoPosition(dir: string, config: LoadedPipeline, clock: Clock): Promise<number | undefined> {
  if (!existsSync(dir)) return undefined;
  const { logPath } = openDataDir(dir, { create: false });
  if (!existsSync(logPath)) return undefined;
  const log = createEmbeddedLog({ path: logPath, clock, readOnly: true });
  try {
    const input = config.inputs[0]!;
    const position = await lastPosition(log, `${config.engine.pipeline}/${input.topic}/${input.kind}`);
    return (position as { until?: number } | undefined)?.until;
  } finally {
    await log.close();
  }
}
