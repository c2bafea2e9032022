/**
 * Ids of accepted events, remembered while the watermark is below event time + dedup, to the millisecond: at most 16 bytes an id in the
 * steady state, outside the garbage-collected heap. Ids are told apart by their 64 bits (id-hash.ts), or by all their bytes.
 */
import { createIdJournal, sizeOf, textsOf, timeOf, type IdChunk } from './id-chunk.ts';
import { createIdLimit, type IdLimit } from './id-limit.ts';
import { createIdLines } from './id-lines.ts';
import { createIdSegments } from './id-segments.ts';
import { AT_ONCE, type IdColumns, type IdTable } from './id-table.ts';
import { asByteText } from './id-text.ts';

export interface IdMemoryConfig {
  readonly dedupMs: number;
  /** Beyond it the oldest are forgotten before their time (id-limit.ts). */
  readonly maxIds: number;
  /** Whether ids are compared byte by byte: `texts` are needed then. */
  readonly whole?: boolean;
}

export interface IdMemory {
  /**
   * Ids `from` to before `to` of the columns are asked for next, 1,024 at most, in their order: by `i`, as long as the columns stay as they are and
   * nothing else is called. They are looked up all at once: one after the other each would wait for main memory.
   */
  expect(ids: IdColumns, from: number, to: number, watermark: number): void;
  /** Whether id `i` is remembered at this watermark (ms). */
  remembers(i: number, watermark: number): boolean;
  /** Remembers the id of an accepted event until the watermark reaches `time` (whole ms) + dedup. Watermarks never go back. */
  remember(i: number, time: number, watermark: number): void;
  readonly limit: Pick<IdLimit, 'size' | 'forgotten' | 'episodes' | 'isNeeded' | 'state' | 'restore'>;
  readonly bytes: number;
  /** Ids remembered since the last call, in their order; undefined when there are none. Gives memory back, a little at each call. */
  takeNew(watermark: number): IdChunk | undefined;
  /** Puts back what `takeNew` gave, in that order, into an empty memory whose limit was restored. */
  restore(chunks: readonly IdChunk[], watermark: number): void;
}

/** Most that the lines of a kernel are for: 4 GB, and times in a word. */
const LINES_IDS = 250e6;
const LINES_DEDUP_MS = 30 * 86_400_000;

function openIdTable({ dedupMs, maxIds, whole = false }: IdMemoryConfig): IdTable {
  const isForLines = !whole && maxIds <= LINES_IDS && dedupMs <= LINES_DEDUP_MS;
  return (isForLines ? createIdLines() : undefined) ?? createIdSegments(whole);
}

export function createIdMemory(config: IdMemoryConfig, table: IdTable = openIdTable(config)): IdMemory {
  const { dedupMs, maxIds, whole = false } = config;
  const limit = createIdLimit(dedupMs, maxIds);
  const journal = createIdJournal(whole);
  let asked: IdColumns = { low: new Uint32Array(), high: new Uint32Array() };
  let floor = -Infinity;

  /** Ids up to this event time are forgotten. */
  function forgottenTo(watermark: number): number {
    return Math.max(watermark - dedupMs, floor - 1);
  }

  function restoreChunk(chunk: IdChunk, after: number): void {
    const { words, stride } = chunk;
    const nextText = textsOf(chunk);
    const low = new Uint32Array(AT_ONCE);
    const high = new Uint32Array(AT_ONCE);
    for (let from = 0; from < sizeOf(chunk); from += AT_ONCE) {
      const count = Math.min(AT_ONCE, sizeOf(chunk) - from);
      const texts: string[] = [];
      for (let i = 0; i < count; i++) {
        low[i] = words[(from + i) * stride]!;
        high[i] = words[(from + i) * stride + 1]!;
        if (nextText) texts.push(nextText());
      }
      table.seek({ low, high, texts }, 0, count, after, limit.size);
      for (let i = 0; i < count; i++) {
        const time = timeOf(chunk, from + i);
        if (time > after) table.keep(i, time, after);
      }
    }
  }

  return {
    limit,
    get bytes() {
      return table.bytes;
    },
    expect(ids, from, to, watermark) {
      asked = whole ? { ...ids, texts: byteTexts(ids.texts!, from, to) } : ids;
      table.seek(asked, from, to, forgottenTo(watermark), limit.size);
    },
    remembers: (i, watermark) => table.timeOf(i) > forgottenTo(watermark),
    remember(i, time, watermark) {
      if (time <= forgottenTo(watermark)) return;
      journal.add(asked.low[i]!, asked.high[i]!, time, whole ? asked.texts![i]! : '');
      floor = limit.add(time, watermark);
      const after = forgottenTo(watermark);
      if (time > after) table.keep(i, time, after);
    },
    takeNew(watermark) {
      table.tidy(forgottenTo(watermark), limit.size);
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
      for (const chunk of chunks) restoreChunk(chunk, forgottenTo(watermark));
    },
  };
}

/** By the same index; what is no event has none. */
function byteTexts(texts: readonly (string | undefined)[], from: number, to: number): string[] {
  const bytes: string[] = [];
  for (let i = from; i < to; i++) bytes[i] = asByteText(texts[i] ?? '');
  return bytes;
}
