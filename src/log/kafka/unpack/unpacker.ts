/**
 * Unpacks the records of batches, in the memory of a WebAssembly kernel: nothing is allocated per record, and per batch next to
 * nothing. An answer of the broker goes there as it came; what was unpacked is held behind it, one batch after the other, until it is
 * taken or lent.
 */
import { decompress, UNPACKED_BYTES_MAX, type Codec } from '../codecs.ts';
import { BYTES_PER_ROW, copyOf, createHeldColumns, type Columns } from './held-columns.ts';
import { openKernel, SLACK } from './kernel-memory.ts';
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

/** Nothing is at address 0, which the kernel says for "no". */
const ANSWER = 64;

/** @throws AppError `memory_short` */
export function createUnpacker(): Unpacker {
  const memory = openKernel();
  const held = createHeldColumns();
  /** Where the values that are held stand: behind the answer. */
  let values = ANSWER;
  let valuesEnd = values;
  /** What was unpacked last. */
  let raw = { at: values, end: values };

  /** To where the next bytes may be unpacked: the values read of them are written before them. */
  function free(): number {
    return aligned(valuesEnd + SLACK);
  }

  /** False for frames that are left to the library: those with a broken block never, for each would take memory there for good. */
  function unpackFrame(from: number, to: number): boolean {
    const frame = frameOf(memory.bytes.subarray(from, to));
    if (!frame) return false;
    const at = free();
    let end = at;
    for (let block = from + frame.blocksAt; block + 4 <= to;) {
      const length = memory.bytes.readUInt32LE(block);
      block += 4;
      if (length === 0) {
        raw = { at, end };
        return block + frame.trailerBytes === to;
      }
      const bytes = length >= STORED ? length - STORED : length;
      if (bytes > to - block || bytes > frame.blockBytesMax) throw new Error(`a block of ${bytes} bytes at ${block - from}`);
      if (end - at > UNPACKED_BYTES_MAX) throw new RangeError(`more than ${UNPACKED_BYTES_MAX} bytes`);
      memory.reserve(end + frame.blockBytesMax);
      if (length >= STORED) {
        memory.bytes.copyWithin(end, block, block + bytes);
        end += bytes;
      } else {
        end = memory.kernel.lz4(block, block + bytes, end, end + frame.blockBytesMax, frame.isLinked ? at : end);
        if (end === 0) throw new Error(`the block at ${block - from} is none`);
      }
      block += bytes;
    }
    return false;
  }

  function decompressWhole(codec: Codec, from: number, to: number): void {
    const unpacked = decompress(codec, memory.bytes.subarray(from, to));
    const at = free();
    memory.reserve(at + unpacked.length);
    memory.bytes.set(unpacked, at);
    raw = { at, end: at + unpacked.length };
  }

  function letGo(): void {
    valuesEnd = values;
    held.letGo();
  }

  return {
    load(pieces) {
      held.shrink();
      memory.shrink();
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      memory.reserve(ANSWER + length);
      let end = ANSWER;
      for (const piece of pieces) {
        memory.bytes.set(piece, end);
        end += piece.length;
      }
      values = aligned(end + SLACK);
      raw = { at: values, end: values };
      letGo();
      return memory.bytes.subarray(ANSWER, end);
    },
    get bytes() {
      return valuesEnd - values;
    },
    unpack(codec, from, to) {
      if (codec === 'none') raw = { at: ANSWER + from, end: ANSWER + to };
      else if (codec !== 'lz4' || !unpackFrame(ANSWER + from, ANSWER + to)) decompressWhole(codec, ANSWER + from, ANSWER + to);
      return raw.end - raw.at;
    },
    read({ count: rows, baseOffset, baseTimestamp, appendTime }, from) {
      const unpacked = raw.end - raw.at;
      const at = aligned(Math.max(raw.end, valuesEnd + unpacked) + SLACK);
      const keys = at + rows * BYTES_PER_ROW + SLACK;
      memory.reserve(keys + unpacked);
      const { kernel } = memory;
      const read = kernel.records(
        ...([raw.at, raw.end, rows, valuesEnd, values, keys, keys - held.keyEnd, at] as const),
        ...([baseOffset, appendTime ?? baseTimestamp, appendTime === undefined ? -1n : 0n, from] as const),
      );
      if (read < 0) throw new RangeError(`record ${-1 - read} leads out of it`);
      const keyBytes = memory.bytes.subarray(keys, kernel.keysEnd.value);
      held.add({ buffer: kernel.memory.buffer, at, rows, read, keyBytes, buried: kernel.buried.value });
      valuesEnd = kernel.valuesEnd.value;
    },
    take(lent = false) {
      const columns = held.view(memory.bytes.subarray(values, valuesEnd));
      letGo();
      return lent ? columns : copyOf(columns);
    },
  };
}

/** As the columns of doubles need it. */
function aligned(at: number): number {
  return (at + 15) & ~15;
}
