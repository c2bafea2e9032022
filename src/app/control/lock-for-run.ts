/** The lock of the data directory for a process that keeps it: a run. */
import { sleep, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { lockDataDir } from '../../log/embedded/data-dir.ts';
import { connectHolder } from './holder.ts';

/** Longer than a writer of lines keeps the lock without a rest. */
const WAIT_MS = 5_000;
const RETRY_MS = 10;

/**
 * Another run is told of at once. One who holds the lock without listening starts, stops, or only writes lines for a moment
 * (`tocsin ingest`): that is waited for.
 * @throws AppError as `lockDataDir`
 */
export async function lockForRun(
  dir: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  waitMs = WAIT_MS,
): Promise<{ release(): void }> {
  for (const deadline = clock.elapsed() + waitMs; ; await sleep(RETRY_MS, signal)) {
    try {
      return lockDataDir(dir);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'data_dir_locked')) throw error;
      if (signal.aborted || clock.elapsed() > deadline || (await listens(dir))) throw error;
    }
  }
}

function listens(dir: string): Promise<boolean> {
  // One who is there and does not answer as it should is no writer of lines either.
  return connectHolder(dir).then(
    (holder) => holder !== undefined,
    () => true,
  );
}
