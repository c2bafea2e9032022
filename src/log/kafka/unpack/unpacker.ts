/**
 * Unpacks the records of batches, in the memory of a WebAssembly kernel (`kernel/unpack`): nothing is allocated per record, and per batch next to
 * nothing. An answer of the broker goes there as it came; what was unpacked is held behind it, one batch after the other, until it is
 * taken or lent.
 */
import { readFileSync } from 'node:fs';
import { AppError } from '../../../core/errors.ts';
import { decompress, UNPACKED_BYTES_MAX, type Codec } from '../codecs.ts';
import { frameOf, STORED } from './lz4-frame.ts';

/** Each call: @throws AppError `memory_short` where there is no room for what was to be unpacked; the next answer may be a smaller one. */
export interface Unpacker {
  /** Begins with the bytes of an answer, which come in pieces; all that was held or lent is void. Returns a view of them, good until `unpack`. */
  load(pieces: readonly Uint8Array[]): Buffer;
  /** Unpacks the records at [from, to) of the answer behind those that are held; returns their bytes. @throws Error where they are not what the codec wrote */
  unpack(codec: Codec, from: number, to: number): number;
  /** Reads what was unpacked last, the records from offset `from` on. @throws RangeError where lengths lead out of the batch */
  read(batch: BatchOfRecords, from: number): void;
  /** Of the values held. */
  readonly bytes: number;
  /** What is held, which is then let go of: copied; or, `lent`, where it stands, good until the next `unpack` or `load`. */
  take(lent?: boolean): Columns;
}

export interface BatchOfRecords {
  readonly count: number;
  readonly baseOffset: number;
  readonly baseTimestamp: number;
  /** One time for all records of the batch: the broker's. */
  readonly appendTime?: number;
}

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

/** What Node gives us; the types that know it come with a browser's. */
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** As `kernel/unpack` says. */
  lz4(from: number, end: number, to: number, toEnd: number, low: number): number;
  records(
    ...args: [
      ...[from: number, end: number, count: number, to: number, base: number, keys: number, keyBase: number, columns: number],
      ...[baseOffset: number, baseTime: number, deltas: bigint, first: number],
    ]
  ): number;
  readonly valuesEnd: { readonly value: number };
  readonly keysEnd: { readonly value: number };
  readonly buried: { readonly value: number };
}

/** Nothing is at address 0, which the kernel says for "no". */
const ANSWER = 64;
/** More than it reads and writes beyond what it is told to. */
const SLACK = 32;
const PAGE = 1 << 16;
/** What has grown beyond these is not kept. */
const MEMORY_BYTES_MAX = 16 << 20;
const ROWS_MAX = 1 << 18;
const KEY_BYTES_MAX = 4 << 20;
const ROWS_MIN = 1024;
/** Of the columns that the kernel writes. */
const BYTES_PER_ROW = 25;

/** @throws AppError `memory_short` where no 8 GB of addresses (not of memory) are left for one more */
export function createUnpacker(): Unpacker {
  const module = new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  let kernel = ifThereIsRoom(() => instantiate(module));
  let memory = Buffer.from(kernel.memory.buffer);
  /** Behind the answer. */
  let values = ANSWER;
  let valuesEnd = values;
  let raw = { at: values, end: values };
  let count = 0;
  let [ends, keyEnds] = [new Uint32Array(ROWS_MIN), new Uint32Array(ROWS_MIN)];
  let [times, offsets] = [new Float64Array(ROWS_MIN), new Float64Array(ROWS_MIN)];
  let tombstones = new Uint8Array(ROWS_MIN);
  let buried = 0;
  let keyBytes = new Uint8Array(0);
  let keyEnd = 0;

  /** Room up to `end`, with slack. Views of the memory are void then. */
  function reserve(end: number): void {
    const missing = end + SLACK - memory.length;
    if (missing <= 0) return;
    ifThereIsRoom(() => kernel.memory.grow(Math.ceil(Math.max(missing, memory.length / 2) / PAGE)));
    memory = Buffer.from(kernel.memory.buffer);
  }

  /** To where the next bytes may be unpacked: the values read of them are written before them. */
  function free(): number {
    return aligned(valuesEnd + SLACK);
  }

  /** False for frames that are left to the library: those with a broken block never, for each would take memory there for good. */
  function unpackFrame(from: number, to: number): boolean {
    const frame = frameOf(memory.subarray(from, to));
    if (!frame) return false;
    const at = free();
    let end = at;
    for (let block = from + frame.blocksAt; block + 4 <= to;) {
      const length = memory.readUInt32LE(block);
      block += 4;
      if (length === 0) {
        raw = { at, end };
        return block + frame.trailerBytes === to;
      }
      const bytes = length >= STORED ? length - STORED : length;
      if (bytes > to - block || bytes > frame.blockBytesMax) throw new Error(`a block of ${bytes} bytes at ${block - from}`);
      if (end - at > UNPACKED_BYTES_MAX) throw new RangeError(`more than ${UNPACKED_BYTES_MAX} bytes`);
      reserve(end + frame.blockBytesMax);
      if (length >= STORED) {
        memory.copyWithin(end, block, block + bytes);
        end += bytes;
      } else {
        end = kernel.lz4(block, block + bytes, end, end + frame.blockBytesMax, frame.isLinked ? at : end);
        if (end === 0) throw new Error(`the block at ${block - from} is none`);
      }
      block += bytes;
    }
    return false;
  }

  function decompressWhole(codec: Codec, from: number, to: number): void {
    const unpacked = decompress(codec, memory.subarray(from, to));
    const at = free();
    reserve(at + unpacked.length);
    memory.set(unpacked, at);
    raw = { at, end: at + unpacked.length };
  }

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

  function addKeys(at: number, length: number): void {
    if (length === 0) return;
    const capacity = Math.max(2 * (keyEnd + length), 4096);
    if (keyEnd + length > keyBytes.length) ifThereIsRoom(() => (keyBytes = grown(keyBytes, new Uint8Array(capacity))));
    keyBytes.set(memory.subarray(at, at + length), keyEnd);
    keyEnd += length;
  }

  function letGo(): void {
    [valuesEnd, count, keyEnd, buried] = [values, 0, 0, 0];
  }

  function shrink(): void {
    if (ends.length > ROWS_MAX) {
      [ends, keyEnds] = [new Uint32Array(ROWS_MIN), new Uint32Array(ROWS_MIN)];
      [times, offsets] = [new Float64Array(ROWS_MIN), new Float64Array(ROWS_MIN)];
      tombstones = new Uint8Array(ROWS_MIN);
    }
    if (keyBytes.length > KEY_BYTES_MAX) keyBytes = new Uint8Array(0);
    if (memory.length <= MEMORY_BYTES_MAX) return;
    try {
      kernel = instantiate(module);
    } catch (error) {
      // No addresses are left for a second one: the large one is kept until there are.
      if (!(error instanceof RangeError)) throw error;
    }
    memory = Buffer.from(kernel.memory.buffer);
  }

  function held(): Columns {
    return {
      count,
      bytes: memory.subarray(values, valuesEnd),
      ends: ends.subarray(0, count),
      keyBytes: keyBytes.subarray(0, keyEnd),
      keyEnds: keyEnds.subarray(0, keyEnd > 0 ? count : 0),
      tombstones: buried > 0 ? tombstones.subarray(0, count) : undefined,
      times: times.subarray(0, count),
      offsets: offsets.subarray(0, count),
    };
  }

  return {
    load(pieces) {
      shrink();
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      reserve(ANSWER + length);
      let end = ANSWER;
      for (const piece of pieces) {
        memory.set(piece, end);
        end += piece.length;
      }
      values = aligned(end + SLACK);
      raw = { at: values, end: values };
      letGo();
      return memory.subarray(ANSWER, end);
    },
    get bytes() {
      return valuesEnd - values;
    },
    unpack(codec, from, to) {
      if (codec === 'none') raw = { at: ANSWER + from, end: ANSWER + to };
      else if (codec !== 'lz4' || !unpackFrame(ANSWER + from, ANSWER + to)) decompressWhole(codec, ANSWER + from, ANSWER + to);
      return raw.end - raw.at;
    },
    read(batch, from) {
      const rows = batch.count;
      const unpacked = raw.end - raw.at;
      const columns = aligned(Math.max(raw.end, valuesEnd + unpacked) + SLACK);
      const keys = columns + rows * BYTES_PER_ROW + SLACK;
      reserve(keys + unpacked);
      const { appendTime } = batch;
      const read = kernel.records(
        ...([raw.at, raw.end, rows, valuesEnd, values, keys, keys - keyEnd, columns] as const),
        ...([batch.baseOffset, appendTime ?? batch.baseTimestamp, appendTime === undefined ? -1n : 0n, from] as const),
      );
      if (read < 0) throw new RangeError(`record ${-1 - read} leads out of it`);
      makeRows(count + read);
      const { buffer } = kernel.memory;
      offsets.set(new Float64Array(buffer, columns, read), count);
      times.set(new Float64Array(buffer, columns + 8 * rows, read), count);
      ends.set(new Uint32Array(buffer, columns + 16 * rows, read), count);
      keyEnds.set(new Uint32Array(buffer, columns + 20 * rows, read), count);
      tombstones.set(new Uint8Array(buffer, columns + 24 * rows, read), count);
      addKeys(keys, kernel.keysEnd.value - keys);
      buried += kernel.buried.value;
      valuesEnd = kernel.valuesEnd.value;
      count += read;
    },
    take(lent = false) {
      const columns = held();
      letGo();
      return lent ? columns : ifThereIsRoom(() => copyOf(columns));
    },
  };
}

function instantiate(module: object): Kernel {
  return new WebAssembly.Instance(module).exports as Kernel;
}

/** As the columns of doubles need it. */
function aligned(at: number): number {
  return (at + 15) & ~15;
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function copyOf({ count, bytes, ends, keyBytes, keyEnds, tombstones, times, offsets }: Columns): Columns {
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
}

/** What is wrong is the machine then, and not the batch. */
function ifThereIsRoom<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AppError(
      'memory_short',
      `no memory is left to unpack what was read from Kafka (${error.message}). Give the process more, also of addresses ` +
        '(ulimit -v; a partition takes 8 GB of them, hardly any of it memory), or spread the partitions over more processes.',
      { cause: error },
    );
  }
}
