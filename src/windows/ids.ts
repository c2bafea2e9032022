/**
 * Ids of accepted events, remembered while the watermark is below event time + dedup, to the millisecond: at most 16 bytes an id in the
 * steady state, outside the garbage-collected heap. 256 segments by the top bits of the hash, each built anew by itself, so that growth
 * is a short pause at a time. Ids are told apart by their 64 bits (id-hash.ts), or by all their bytes.
 */
import { createIdJournal, sizeOf, textsOf, timeOf, type IdChunk } from './id-chunk.ts';
import { countBySegment, orderedBySegment } from './id-order.ts';
import { createIdLimit, type IdLimit } from './id-limit.ts';
import { bytesOf, createSegment, hasRoom, put, putText, rebuild, reserve, search, timeAt, touch, trim, type Spares } from './id-segment.ts';
import { asByteText } from './id-text.ts';

export interface IdMemoryConfig {
  readonly dedupMs: number;
  /** Beyond it the oldest are forgotten before their time (id-limit.ts). */
  readonly maxIds: number;
  /** Whether ids are compared byte by byte: `text` is needed then. */
  readonly whole?: boolean;
}

export interface IdMemory {
  /** Ids `from` to before `to` are asked for next. Their places are looked up all at once: one after the other each would wait for main memory. */
  expect(low: Uint32Array, high: Uint32Array, from: number, to: number): void;
  /** Whether the id is remembered at this watermark (ms). */
  remembers(low: number, high: number, watermark: number, text?: string): boolean;
  /** Remembers an accepted event's id until the watermark reaches `time` (whole ms) + dedup. Watermarks never go back. */
  remember(low: number, high: number, time: number, watermark: number, text?: string): void;
  readonly limit: Pick<IdLimit, 'size' | 'forgotten' | 'episodes' | 'isNeeded' | 'state' | 'restore'>;
  /** Of the segments. */
  readonly bytes: number;
  /** Ids remembered since the last call, in their order; undefined when there are none. Gives memory back, a little at each call. */
  takeNew(watermark: number): IdChunk | undefined;
  /** Puts back what `takeNew` gave, in that order, into an empty memory whose limit was restored. */
  restore(chunks: readonly IdChunk[], watermark: number): void;
}

const SEGMENTS = 256;
const SEGMENT_SHIFT = 24;

export function createIdMemory({ dedupMs, maxIds, whole = false }: IdMemoryConfig): IdMemory {
  const segments = Array.from({ length: SEGMENTS }, () => createSegment(whole));
  const spares: Spares = [];
  const limit = createIdLimit(dedupMs, maxIds);
  const journal = createIdJournal(whole);
  /** What `remembers` was asked last and found: nearly always the id that is remembered next. */
  const asked = { low: 0, high: 0, found: 0, isFresh: false };
  /** Of `expect`: kept so that the reading is not left out. */
  let touched = 0;
  let floor = -Infinity;
  let toTrim = 0;
  let bytes = bytesOfAll();

  function bytesOfAll(): number {
    return segments.reduce((sum, segment) => sum + bytesOf(segment), 0);
  }

  /** Ids up to this event time are forgotten. */
  function forgottenTo(watermark: number): number {
    return Math.max(watermark - dedupMs, floor - 1);
  }

  function insert(low: number, high: number, time: number, after: number, text: string | undefined): void {
    const index = high >>> SEGMENT_SHIFT;
    const segment = segments[index]!;
    let isKnown = asked.isFresh && asked.low === low && asked.high === high;
    if (!hasRoom(segment, time, text ?? '', index / SEGMENTS)) {
      bytes -= bytesOf(segment);
      rebuild(segment, after, time, text ?? '', spares);
      bytes += bytesOf(segment);
      isKnown = false;
    }
    const found = isKnown ? asked.found : search(segment, low, high, after, text ?? '');
    put(segment, found, low, high, time, after);
    if (whole) putText(segment, found, text);
    asked.isFresh = false;
  }

  function restoreBySegment(chunks: readonly IdChunk[], after: number): void {
    for (const { low, high, time, count } of orderedBySegment(chunks, SEGMENTS, SEGMENT_SHIFT, after)) {
      for (let i = 0; i < count; i++) insert(low[i]!, high[i]!, time[i]!, after, undefined);
    }
  }

  function restoreInOrder(chunks: readonly IdChunk[], after: number): void {
    for (const chunk of chunks) {
      const { words, stride } = chunk;
      const texts = textsOf(chunk);
      for (let i = 0; i < sizeOf(chunk); i++) {
        const time = timeOf(chunk, i);
        const text = texts?.();
        if (time > after) insert(words[i * stride]! | 0, words[i * stride + 1]! | 0, time, after, text);
      }
    }
  }

  return {
    limit,
    get bytes() {
      return bytes;
    },
    expect(low, high, from, to) {
      for (let i = from; i < to; i++) touched ^= touch(segments[high[i]! >>> SEGMENT_SHIFT]!, low[i]!);
    },
    remembers(low, high, watermark, text = '') {
      const segment = segments[high >>> SEGMENT_SHIFT]!;
      const after = forgottenTo(watermark);
      asked.low = low | 0;
      asked.high = high | 0;
      asked.found = search(segment, asked.low, asked.high, after, whole ? asByteText(text) : '');
      asked.isFresh = true;
      return asked.found >= 0 && timeAt(segment, asked.found) > after;
    },
    remember(low, high, time, watermark, text = '') {
      if (time <= forgottenTo(watermark)) return;
      const known = whole ? asByteText(text) : '';
      journal.add(low, high, time, known);
      floor = limit.add(time, watermark);
      const after = forgottenTo(watermark);
      if (time > after) insert(low | 0, high | 0, time, after, known);
    },
    takeNew(watermark) {
      const segment = segments[toTrim]!;
      bytes -= bytesOf(segment);
      trim(segment, forgottenTo(watermark), spares);
      bytes += bytesOf(segment);
      toTrim = (toTrim + 1) % SEGMENTS;
      asked.isFresh = false;
      return journal.take();
    },
    restore(chunks, watermark) {
      for (const chunk of chunks) {
        for (let i = 0; i < sizeOf(chunk); i++) {
          const time = timeOf(chunk, i);
          if (limit.isNeeded(time, watermark)) limit.add(time, watermark);
        }
      }
      floor = limit.state().floor;
      const first = chunks[0];
      if (!first) return;
      const counts = countBySegment(chunks, SEGMENTS, SEGMENT_SHIFT);
      for (const [index, segment] of segments.entries()) reserve(segment, counts[index]!, first.base);
      if (whole) restoreInOrder(chunks, forgottenTo(watermark));
      else restoreBySegment(chunks, forgottenTo(watermark));
      bytes = bytesOfAll();
    },
  };
}
