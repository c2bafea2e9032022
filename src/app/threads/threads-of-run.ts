/** The threads that a run counts in. */
import { availableParallelism } from 'node:os';
import type { RunOptions } from '../run-options.ts';
import type { LogAddress } from './thread-messages.ts';
import { createThreads, type Threads, type ThreadsDeps } from './threads.ts';

/** None where people want none, or the batches themselves are needed here. They are started when they have something to do. */
export function threadsOf(
  options: RunOptions,
  log: LogAddress,
  { clock, logger, signal }: Pick<ThreadsDeps, 'clock' | 'logger' | 'signal'>,
): Threads | undefined {
  const max = options.threads ?? availableParallelism();
  if (max < 2 || options.outcomes !== undefined) return undefined;
  return createThreads({ log, max, memoryMb: options.threadMemoryMb }, { clock, logger, signal });
}
