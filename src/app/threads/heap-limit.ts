/**
 * A thread keeps the limit of its heap itself, after each collection of all of it. V8's own limit lies far beyond: Node ends a thread that comes to that,
 * but one that asks for much at once there, as when a large table doubles, ends the process.
 */
import { constants, PerformanceObserver, type NodeGCPerformanceDetail, type PerformanceEntry } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** The code of Node's own error for this. */
export const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';

/** Of the machine's memory the threads may have half together: ids and columns lie outside their heaps, and the main thread has one too. */
const SHARE = 0.5;
const LEAST_MB = 128;
/** Beyond this nobody counts on it: more is to be asked for. */
const MOST_MB = 4_096;

/** What each of so many threads may have unless people say, MB. `memoryBytes`: of the machine, or of the container. */
export function sharedHeapMb(threads: number, memoryBytes: number): number {
  return Math.floor(Math.min(MOST_MB, Math.max(LEAST_MB, (SHARE * memoryBytes) / threads / 2 ** 20)));
}

/** What V8 is told, MB: a table that takes all that is allowed may still be copied to one twice as large. */
export function heapRoomMb(limitMb: number): number {
  return 3 * limitMb + 64;
}

/** From now on this thread ends, with an error of this code, once more than that is left after a collection. */
export function keepHeapWithin(limitMb: number): void {
  const observer = new PerformanceObserver((list) => {
    if (!list.getEntries().some(isOfAll) || getHeapStatistics().used_heap_size <= limitMb * 2 ** 20) return;
    observer.disconnect();
    throw Object.assign(new Error(`the heap needs more than ${limitMb} MB`), { code: OUT_OF_MEMORY });
  });
  observer.observe({ entryTypes: ['gc'] });
}

function isOfAll(entry: PerformanceEntry): boolean {
  return (entry as PerformanceEntry & { detail: NodeGCPerformanceDetail }).detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
