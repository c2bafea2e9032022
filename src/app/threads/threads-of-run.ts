/** The threads that a run counts in. */
import { availableParallelism, totalmem } from 'node:os';
import type { RunOptions } from '../run/run-options.ts';
import { sharedHeapMb } from './heap-limit.ts';
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
  const memoryMb = options.threadMemoryMb ?? sharedHeapMb(max, memoryBytes());
  return createThreads({ log, max, memoryMb }, { clock, logger, signal });
}

/** Of the container, where it has a limit of its own (0, or beyond all bounds, where not). */
function memoryBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}
