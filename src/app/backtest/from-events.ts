/** History out of events: the real engine counts them, on a log of its own that is gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { drive, type DriveDeps } from '../run/drive.ts';
import { createPriorities } from '../embedded/priorities.ts';
import { openEmbeddedRun } from '../embedded/embedded-run.ts';
import { RUN_DEFAULTS, type RunOptions } from '../run/run-options.ts';
import { BATCH_ROWS, createRecordPacker, type Emit, type HistoryWanted } from './record-packer.ts';

export interface EventsDeps {
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
}

/** `path`: a file of events, `-` for standard input; into the only source of the pipeline. */
export async function historyFromEvents(
  wanted: HistoryWanted,
  config: LoadedPipeline,
  path: string,
  emit: Emit,
  { clock, stdin }: EventsDeps,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-backtest-'));
  const options: RunOptions = { ...RUN_DEFAULTS, files: [config], data: dir, input: path, once: true, quiet: true, olapStore: 'none' };
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock });
  try {
    const packer = createRecordPacker(wanted);
    // Judged outside, by as many settings as are asked for; and there is nobody to tell.
    const counting: LoadedPipeline = { ...config, receivers: [], monitor: { ...config.monitor, detect: [] } };
    const run = await openEmbeddedRun(counting, options, {
      log,
      clock,
      logger: silentLogger,
      hotStore: createMemoryHotStore({ history: [] }),
      write: () => {},
      colour: false,
      lane: createPriorities({ clock }).lane(0),
      onJudged: () => {},
      async onCommitted({ records }) {
        for (const record of records) packer.add(record);
        if (packer.count >= BATCH_ROWS) void emit(packer.take());
      },
    });
    const feed: DriveDeps['feed'] = (work, signal) => work(log, signal);
    await drive(run, options, { clock, stdin, feed, logger: silentLogger }, new AbortController());
    if (packer.count > 0) await emit(packer.take());
  } finally {
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
