/**
 * Ids of accepted events, remembered while the watermark is below event time + dedup, to the millisecond: at most 16 bytes an id in the
 * steady state, outside the garbage-collected heap. Ids are told apart by their 64 bits (hash.ts), or by all their bytes.
 */
import { createIdJournal, sizeOf, textsOf, timeOf, type IdChunk } from './chunk.ts';
import { createIdLimit, type IdLimit } from './limit.ts';
import { createIdLines } from './lines.ts';
import { createIdSegments } from './segments.ts';
import { AT_ONCE, type Forgotten, type IdColumns, type IdTable } from './table.ts';
import { asByteText } from './text.ts';

export interface IdMemoryConfig {
  readonly dedupMs: number;
  /** Beyond it the oldest are forgotten before their time (limit.ts). */
  readonly maxIds: number;
  /** Whether ids are compared byte by byte: `texts` are needed then. */
  readonly whole?: boolean;
}

/** Epoch ms; it never goes back. An object, not a number: as in table.ts. */
interface Watermark {
  readonly watermark: number;
}

export interface IdMemory {
  /**
   * Ids `from` to before `to` of the columns are asked for next, 1,024 at most, in their order: by `i`, as long as the columns stay as they are and
   * nothing else is called. They are looked up all at once: one after the other each would wait for main memory.
   */
  expect(ids: IdColumns, from: number, to: number, clocks: Watermark): void;
  /** Whether id `i` is remembered at this watermark. */
  remembers(i: number, clocks: Watermark): boolean;
  /** Remembers id `i`, of an accepted event, until the watermark reaches `times[i]` (whole ms) + dedup. */
  remember(i: number, times: Float64Array, clocks: Watermark): void;
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
  const forgotten: Forgotten = { to: -Infinity };
  /** Just before the limit's floor. */
  let limitedTo = -Infinity;

  function forget(clocks: Watermark): void {
    forgotten.to = Math.max(clocks.watermark - dedupMs, limitedTo);
  }

  function restoreChunk(chunk: IdChunk): void {
    const { words, stride } = chunk;
    const nextText = textsOf(chunk);
    const low = new Uint32Array(AT_ONCE);
    const high = new Uint32Array(AT_ONCE);
    const times = new Float64Array(AT_ONCE);
    for (let from = 0; from < sizeOf(chunk); from += AT_ONCE) {
      const count = Math.min(AT_ONCE, sizeOf(chunk) - from);
      const texts: string[] = [];
      for (let i = 0; i < count; i++) {
        low[i] = words[(from + i) * stride]!;
        high[i] = words[(from + i) * stride + 1]!;
        times[i] = timeOf(chunk, from + i);
        if (nextText) texts.push(nextText());
      }
      table.seek({ low, high, texts }, 0, count, forgotten.to, limit.size);
      for (let i = 0; i < count; i++) if (times[i]! > forgotten.to) table.keep(i, times, forgotten);
    }
  }

  return {
    limit,
    get bytes() {
      return table.bytes;
    },
    expect(ids, from, to, clocks) {
      asked = whole ? { ...ids, texts: byteTexts(ids.texts!, from, to) } : ids;
      forget(clocks);
      table.seek(asked, from, to, forgotten.to, limit.size);
    },
    remembers(i, clocks) {
      forget(clocks);
      return table.has(i, forgotten);
    },
    remember(i, times, clocks) {
      forget(clocks);
      if (times[i]! <= forgotten.to) return;
      journal.add(i, asked, times, whole ? asked.texts![i]! : '');
      if (limit.add(i, times, clocks)) {
        limitedTo = limit.floor - 1;
        forget(clocks);
        if (times[i]! <= forgotten.to) return;
      }
      table.keep(i, times, forgotten);
    },
    takeNew(watermark) {
      forget({ watermark });
      table.tidy(forgotten.to, limit.size);
      return journal.take();
    },
    restore(chunks, watermark) {
      const clocks = { watermark };
      const times = new Float64Array(1);
      for (const chunk of chunks) {
        for (let i = 0; i < sizeOf(chunk); i++) {
          times[0] = timeOf(chunk, i);
          if (limit.isNeeded(times[0], watermark)) limit.add(0, times, clocks);
        }
      }
      limitedTo = limit.floor - 1;
      forget(clocks);
      for (const chunk of chunks) restoreChunk(chunk);
    },
  };
}

/** By the same index; what is no event has none. */
function byteTexts(texts: readonly (string | undefined)[], from: number, to: number): string[] {
  const bytes: string[] = [];
  for (let i = from; i < to; i++) bytes[i] = asByteText(texts[i] ?? '');
  return bytes;
}
