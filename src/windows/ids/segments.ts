/**
 * Ids in JavaScript's own memory: where they are compared whole, and where no kernel can be had. 256 segments by the top bits of the hash, each built
 * anew by itself, so that growth is a short pause at a time.
 */
import { bytesOf, createSegment, hasRoom, put, putText, rebuild, search, timeAt, trim } from './segment.ts';
import type { IdColumns, IdTable } from './table.ts';

const SEGMENTS = 256;
const SEGMENT_SHIFT = 24;

export function createIdSegments(whole: boolean): IdTable {
  const segments = Array.from({ length: SEGMENTS }, () => createSegment(whole));
  let asked: IdColumns = { low: new Uint32Array(), high: new Uint32Array() };
  let toTrim = 0;
  let bytes = segments.reduce((sum, segment) => sum + bytesOf(segment), 0);

  return {
    get bytes() {
      return bytes;
    },
    seek(ids) {
      asked = ids;
    },
    has(i, forgotten) {
      const high = asked.high[i]! | 0;
      const segment = segments[high >>> SEGMENT_SHIFT]!;
      const found = search(segment, asked.low[i]! | 0, high, forgotten, asked.texts?.[i] ?? '');
      return found >= 0 && timeAt(segment, found) > forgotten.to;
    },
    keep(i, times, forgotten) {
      const low = asked.low[i]! | 0;
      const high = asked.high[i]! | 0;
      const text = asked.texts?.[i];
      const index = high >>> SEGMENT_SHIFT;
      const segment = segments[index]!;
      if (!hasRoom(segment, times[i]!, text ?? '', index / SEGMENTS)) {
        bytes -= bytesOf(segment);
        rebuild(segment, forgotten.to, times[i]!, text ?? '');
        bytes += bytesOf(segment);
      }
      const found = search(segment, low, high, forgotten, text ?? '');
      put(segment, found, low, high, times[i]!);
      if (whole) putText(segment, found, text);
    },
    tidy(after) {
      const segment = segments[toTrim]!;
      bytes -= bytesOf(segment);
      trim(segment, after);
      bytes += bytesOf(segment);
      toTrim = (toTrim + 1) % SEGMENTS;
    },
  };
}
