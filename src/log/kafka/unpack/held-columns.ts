/** The columns of the records that were unpacked, until they are taken; their values stand in the memory of the kernel. */
import { ifThereIsRoom } from './kernel-memory.ts';

/** Records, one after the other. */
export interface Columns {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly keyBytes: Uint8Array;
  readonly keyEnds: Uint32Array;
  readonly tombstones: Uint8Array | undefined;
  readonly times: Float64Array;
  readonly offsets: Float64Array;
}

/** Where the kernel has left the columns of a batch, each behind the other, in the order of `BYTES_PER_ROW`. */
export interface BatchColumns {
  readonly buffer: ArrayBuffer;
  readonly at: number;
  /** For so many rows there is room. */
  readonly rows: number;
  /** So many there are. */
  readonly read: number;
  readonly keyBytes: Uint8Array;
  /** Tombstones among them. */
  readonly buried: number;
}

export interface HeldColumns {
  readonly count: number;
  /** Bytes of keys. */
  readonly keyEnd: number;
  /** Copies them behind those that are held. @throws AppError `memory_short`, and holds what it held */
  add(batch: BatchColumns): void;
  /** What is held, where it stands: good until the next `add`. */
  view(bytes: Uint8Array): Columns;
  letGo(): void;
  /** What has grown large is not kept; to be called when nothing is held. */
  shrink(): void;
}

/** Offset and time as doubles, ends of value and key as words, whether it is a tombstone as a byte. */
export const BYTES_PER_ROW = 8 + 8 + 4 + 4 + 1;
const ROWS_MIN = 1024;
const ROWS_MAX = 1 << 18;
const KEY_BYTES_MAX = 4 << 20;

export function createHeldColumns(): HeldColumns {
  let count = 0;
  let [ends, keyEnds] = [new Uint32Array(ROWS_MIN), new Uint32Array(ROWS_MIN)];
  let [times, offsets] = [new Float64Array(ROWS_MIN), new Float64Array(ROWS_MIN)];
  let tombstones = new Uint8Array(ROWS_MIN);
  let buried = 0;
  let keyBytes = new Uint8Array(0);
  let keyEnd = 0;

  function makeRows(rows: number): void {
    if (rows <= ends.length) return;
    const capacity = Math.max(rows, ends.length * 2);
    const words = ifThereIsRoom(() => [new Uint32Array(capacity), new Uint32Array(capacity)] as const);
    const doubles = ifThereIsRoom(() => [new Float64Array(capacity), new Float64Array(capacity)] as const);
    tombstones = grown(
      tombstones,
      ifThereIsRoom(() => new Uint8Array(capacity)),
    );
    [ends, keyEnds] = [grown(ends, words[0]), grown(keyEnds, words[1])];
    [times, offsets] = [grown(times, doubles[0]), grown(offsets, doubles[1])];
  }

  function addKeys(added: Uint8Array): void {
    if (added.length === 0) return;
    const length = keyEnd + added.length;
    const capacity = Math.max(2 * length, 4096);
    if (length > keyBytes.length) ifThereIsRoom(() => (keyBytes = grown(keyBytes, new Uint8Array(capacity))));
    keyBytes.set(added, keyEnd);
    keyEnd = length;
  }

  return {
    get count() {
      return count;
    },
    get keyEnd() {
      return keyEnd;
    },
    add(batch) {
      const { buffer, at, rows, read } = batch;
      makeRows(count + read);
      offsets.set(new Float64Array(buffer, at, read), count);
      times.set(new Float64Array(buffer, at + 8 * rows, read), count);
      ends.set(new Uint32Array(buffer, at + 16 * rows, read), count);
      keyEnds.set(new Uint32Array(buffer, at + 20 * rows, read), count);
      tombstones.set(new Uint8Array(buffer, at + 24 * rows, read), count);
      addKeys(batch.keyBytes);
      buried += batch.buried;
      count += read;
    },
    view(bytes) {
      return {
        count,
        bytes,
        ends: ends.subarray(0, count),
        keyBytes: keyBytes.subarray(0, keyEnd),
        keyEnds: keyEnds.subarray(0, keyEnd > 0 ? count : 0),
        tombstones: buried > 0 ? tombstones.subarray(0, count) : undefined,
        times: times.subarray(0, count),
        offsets: offsets.subarray(0, count),
      };
    },
    letGo() {
      [count, keyEnd, buried] = [0, 0, 0];
    },
    shrink() {
      if (ends.length > ROWS_MAX) {
        [ends, keyEnds] = [new Uint32Array(ROWS_MIN), new Uint32Array(ROWS_MIN)];
        [times, offsets] = [new Float64Array(ROWS_MIN), new Float64Array(ROWS_MIN)];
        tombstones = new Uint8Array(ROWS_MIN);
      }
      if (keyBytes.length > KEY_BYTES_MAX) keyBytes = new Uint8Array(0);
    },
  };
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** @throws AppError `memory_short` */
export function copyOf({ count, bytes, ends, keyBytes, keyEnds, tombstones, times, offsets }: Columns): Columns {
  return ifThereIsRoom(() => {
    // Not zeroed first.
    const copied = Buffer.allocUnsafeSlow(bytes.length);
    copied.set(bytes);
    return {
      count,
      bytes: copied,
      ends: ends.slice(),
      keyBytes: keyBytes.slice(),
      keyEnds: keyEnds.slice(),
      tombstones: tombstones?.slice(),
      times: times.slice(),
      offsets: offsets.slice(),
    };
  });
}
