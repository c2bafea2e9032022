/**
 * Ids of a snapshot in the order of the segments that they go to, and within a segment in their own. Put into the memory in their own order
 * each would wait for another place of main memory; so a segment is in the processor's cache while it is filled.
 */
import { sizeOf, timeOf, type IdChunk } from './id-chunk.ts';

export interface OrderedIds {
  /** Halves of the hash, as signed words. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Event time, epoch ms. */
  readonly time: Float64Array;
  readonly count: number;
}

/** Ids that are put in order at a time, at 16 bytes each, for as long as it takes. */
const AT_A_TIME = 1 << 22;

/** Ids of each segment, by the top bits of the hash. */
export function countBySegment(chunks: readonly IdChunk[], segments: number, shift: number): Uint32Array {
  const counts = new Uint32Array(segments);
  for (const { words, stride } of chunks) for (let at = 1; at < words.length; at += stride) counts[words[at]! >>> shift]!++;
  return counts;
}

/** Those whose event time is after `after`. */
export function* orderedBySegment(chunks: readonly IdChunk[], segments: number, shift: number, after: number): Generator<OrderedIds> {
  let from = 0;
  while (from < chunks.length) {
    let to = from;
    for (let ids = 0; to < chunks.length && (to === from || ids + sizeOf(chunks[to]!) <= AT_A_TIME); to++) ids += sizeOf(chunks[to]!);
    yield ordered(chunks.slice(from, to), segments, shift, after);
    from = to;
  }
}

function ordered(chunks: readonly IdChunk[], segments: number, shift: number, after: number): OrderedIds {
  const counts = countBySegment(chunks, segments, shift);
  const next = new Uint32Array(segments);
  for (let segment = 1; segment < segments; segment++) next[segment] = next[segment - 1]! + counts[segment - 1]!;
  const size = next[segments - 1]! + counts[segments - 1]!;
  const [low, high, time] = [new Int32Array(size), new Int32Array(size), new Float64Array(size)];
  for (const chunk of chunks) {
    const { words, stride } = chunk;
    for (let i = 0; i < sizeOf(chunk); i++) {
      const upper = words[i * stride + 1]!;
      const to = next[upper >>> shift]!++;
      low[to] = words[i * stride]!;
      high[to] = upper;
      time[to] = timeOf(chunk, i);
    }
  }
  let count = 0;
  for (let i = 0; i < size; i++) {
    if (time[i]! <= after) continue;
    low[count] = low[i]!;
    high[count] = high[i]!;
    time[count++] = time[i]!;
  }
  return { low, high, time, count };
}
