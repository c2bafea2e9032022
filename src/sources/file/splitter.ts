/** Bytes -> lines, in chunks. A line ends at LF only; one CR before the LF is taken off, and a byte order mark before the first line. */
import { MARK_BYTES, markBytes } from '../../core/byte-order-mark.ts';
import type { LineResume, Trail } from './trail.ts';

/** Lines in the layout of the log: line `firstLine + i` is `bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])`. */
export interface LineChunk {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  /** From 1; blank lines are lines. */
  readonly firstLine: number;
  /** Decompressed bytes consumed up to the end of the last line in here. */
  readonly position: number;
  readonly resume: LineResume;
}

export interface SplitterLimits {
  /** Of a longer line the first `maxLineBytes + 1` bytes are delivered: enough to see that it is too long. */
  readonly maxLineBytes: number;
  /** A chunk is full with the line that reaches this. */
  readonly chunkBytes: number;
  readonly chunkLines: number;
}

export interface Splitter {
  /** Consumes from `from` on, up to the end or until the chunk is full; returns where it stopped. */
  feed(piece: Uint8Array, from: number): number;
  full(): boolean;
  hasLines(): boolean;
  /** The input is at its end: what stands after the last LF becomes a line too. */
  end(): void;
  /** The complete lines so far. */
  take(): LineChunk;
}

const LF = 10;
const CR = 13;

/** Holds at most chunkBytes + maxLineBytes + 5 bytes, whatever the input. `lines`: lines delivered before. */
export function createSplitter(limits: SplitterLimits, trail: Trail, lines: number): Splitter {
  /** Raw bytes of a line that can still be no longer than the limit once a CR is taken off, plus one. */
  const heldUsually = limits.maxLineBytes + 2;
  /** The line in progress is the first of the input. */
  let isFirst = lines === 0;
  let heldMax = isFirst ? heldUsually + MARK_BYTES : heldUsually;
  let buffer = Buffer.allocUnsafe(Math.min(limits.chunkBytes + heldMax, 65_536));
  const ends = new Uint32Array(limits.chunkLines);
  let count = 0;
  /** Where the line in progress starts in `buffer`, how much of it is held and how long it is. */
  let start = 0;
  let held = 0;
  let lineBytes = 0;
  let open = false;

  const hold = (part: Uint8Array): void => {
    lineBytes += part.length;
    const kept = part.length > heldMax - held ? part.subarray(0, heldMax - held) : part;
    if (start + held + kept.length > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, start + held + kept.length));
      buffer.copy(larger, 0, 0, start + held);
      buffer = larger;
    }
    buffer.set(kept, start + held);
    held += kept.length;
  };
  const takeOffMark = (): void => {
    if (!isFirst) return;
    isFirst = false;
    heldMax = heldUsually;
    const mark = markBytes(buffer.subarray(0, held));
    buffer.copyWithin(0, mark, held);
    held -= mark;
    lineBytes -= mark;
  };
  const endLine = (takeOffCr: boolean): void => {
    takeOffMark();
    let length = held;
    if (takeOffCr && lineBytes === held && held > 0 && buffer[start + held - 1] === CR) length--;
    start += Math.min(length, limits.maxLineBytes + 1);
    ends[count++] = start;
    held = 0;
    lineBytes = 0;
  };
  const full = (): boolean => count === limits.chunkLines || (count > 0 && start >= limits.chunkBytes);

  return {
    full,
    hasLines: () => count > 0,
    feed(piece, from) {
      let at = from;
      while (!full()) {
        const lf = piece.indexOf(LF, at);
        if (lf < 0) break;
        hold(piece.subarray(at, lf));
        endLine(true);
        at = lf + 1;
      }
      if (at > from) {
        trail.seen(piece.subarray(from, at));
        trail.mark();
      }
      if (full()) return at;
      const rest = piece.subarray(at);
      hold(rest);
      trail.seen(rest);
      return piece.length;
    },
    end() {
      takeOffMark();
      if (lineBytes === 0) return;
      endLine(false);
      trail.mark();
      open = true;
    },
    take() {
      const firstLine = lines + 1;
      lines += count;
      const chunk = {
        bytes: new Uint8Array(buffer.subarray(0, start)),
        ends: ends.slice(0, count),
        firstLine,
        position: trail.position(),
        resume: trail.resume(lines, open),
      };
      buffer.copyWithin(0, start, start + held);
      start = 0;
      count = 0;
      if (held === 0 && buffer.length > 4 * limits.chunkBytes) buffer = Buffer.allocUnsafe(limits.chunkBytes);
      return chunk;
    },
  };
}
