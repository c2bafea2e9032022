/**
 * Ids in the memory of a WebAssembly kernel (`kernel/ids`): 12 bytes each in pairs of lines of five, which are kept more than four fifths full: at most 16 bytes an
 * id all in, from some 400,000 on. The kernel finds the places of many ids at once; a time is read and written there from here, so that what
 * is remembered and what is not is decided in one place, in the order of the records.
 *
 * A time is a word: ms after the base, from 1. What does not fit, far ahead or far behind (days), stands in a map.
 */
import { AppError } from '../../core/errors.ts';
import { isKernelFault } from '../../core/wasm-kernel.ts';
import { openIdKernel, type IdKernel } from './kernel.ts';
import type { IdColumns, IdTable } from './table.ts';

/** Of each block, 64 KiB. */
const BLOCK_IDS = 1_024 * 5;
const BLOCK_BYTES = 1 << 16;
/** Addresses end at 65,536 of them: seven stand in front, and one more is taken while they are moved. */
const BLOCKS_MAX = 65_528;
/** Words: no id is kept at the place that was asked for; its time is in the map. */
const ASKED = 2 ** 32 - 1;
const FAR = ASKED - 1;
/** Event times may come in this far before the first one, ms; the base is moved on when so much, twice, lies behind. */
const ROOM_BEFORE = 2 ** 29;

/** So much of it is full, all the time: 15.4 bytes an id. */
const FILLED = 0.83;
/** With more ids it goes to so many blocks more, one after the other as ids come: those that wait for it are full up to there. */
const GROWTH = 1.11;
const FULLEST = 0.93;
/** More do not fit in all the memory that can be had. */
const IDS_MAX = BLOCKS_MAX * BLOCK_IDS * FULLEST;
/** When less is full it goes to fewer blocks, half full, so many at each call of `tidy`, and then to a memory of their own. */
const EMPTIEST = 0.25;
const HALF = 0.5;
const FULLEST_SHRINKING = 0.75;
const MOVED_AT_ONCE = 16;
/** A table of fewer blocks does not shrink, and gets no memory of its own. */
const BLOCKS_MIN = 16;

/** @returns undefined where no kernel can be had */
export function createIdLines(open = openIdKernel): IdTable | undefined {
  const opened = open(1);
  if (opened === undefined) return undefined;
  let kernel: IdKernel = opened;
  let words = new Uint32Array(0);
  let places = words;
  const [lowsAt, highsAt, placesAt] = [kernel.LOWS.value >> 2, kernel.HIGHS.value >> 2, kernel.PLACES.value >> 2];
  let asked: IdColumns = { low: words, high: words };
  let first = 0;
  let base = NaN;
  /** Event times, epoch ms, by id. */
  const far = new Map<string, number>();
  look();

  /** After each call that may have had memory grow. */
  function look(): void {
    if (words.buffer === kernel.memory.buffer) return;
    words = new Uint32Array(kernel.memory.buffer);
    places = words.subarray(placesAt);
  }

  /** The largest word of a time that is not after `after`. */
  function expiredWord(after: number): number {
    return base === base ? Math.max(0, Math.min(FAR - 1, after - base + 1)) : 0;
  }

  function keyOf(i: number): string {
    return `${asked.low[i]},${asked.high[i]}`;
  }

  /** Has so many ids fit. */
  function makeRoom(ids: number, expired: number): void {
    const wanted = ids / BLOCK_IDS / FILLED;
    for (;;) {
      const [blocks, next] = [kernel.blocks(), kernel.blocksNext()];
      if (next === 0) {
        // At the most there can be they go on until one is full.
        if (wanted <= blocks || blocks === BLOCKS_MAX) return;
        kernel.resize(Math.min(BLOCKS_MAX, Math.ceil(Math.max(blocks * GROWTH, wanted))));
        continue;
      }
      const isGrowing = next > blocks;
      const isOverfull = ids > (isGrowing ? blocks * FULLEST : next * FULLEST_SHRINKING) * BLOCK_IDS;
      // All that are moved make `next - blocks` more.
      const toMove = isGrowing ? Math.ceil(((wanted - blocks) / (next - blocks)) * blocks) - kernel.blocksMoved() : 0;
      if (!isOverfull && toMove <= 0) return;
      kernel.move(isOverfull ? blocks : toMove, expired);
      look();
    }
  }

  /** `size`: ids that are kept, for what is said where there is no room. */
  function find(ids: number, expired: number, size: number): void {
    while (kernel.seek(ids, expired) === 0) {
      // Hashes fall unevenly: one block is full long before the others.
      if (kernel.blocksNext() === 0) {
        if (kernel.blocks() === BLOCKS_MAX) throw memoryShort(size);
        kernel.resize(Math.min(BLOCKS_MAX, kernel.blocks() * 2));
      }
      kernel.move(kernel.blocks(), expired);
      look();
    }
  }

  function shrink(ids: number, expired: number): void {
    const [blocks, next] = [kernel.blocks(), kernel.blocksNext()];
    const isSparse = ids < blocks * BLOCK_IDS * EMPTIEST;
    if (next === 0 && isSparse && blocks > BLOCKS_MIN) kernel.resize(Math.max(BLOCKS_MIN / 4, Math.ceil(ids / BLOCK_IDS / HALF)));
    // Where it grows, it does so as ids come.
    if (next > blocks && !isSparse) return;
    kernel.move(MOVED_AT_ONCE, expired);
    look();
    if (kernel.blocksNext() === 0 && kernel.had() > 2 * kernel.blocks() + BLOCKS_MIN) renew();
  }

  /** Words that are in the past count as that, as before. */
  function moveBase(after: number): void {
    if (!(after - base > 2 * ROOM_BEFORE)) return;
    kernel.shift(Math.min(after - base, FAR - 1), FAR - 1);
    base = after;
  }

  function forgetFar(after: number, size: number): void {
    const keys: string[] = [];
    for (const [key, time] of far) if (time <= after && keys.length < 1_000) keys.push(key);
    if (keys.length === 0) return;
    for (const [i, key] of keys.entries()) [words[lowsAt + i], words[highsAt + i]] = key.split(',').map(Number) as [number, number];
    find(keys.length, expiredWord(after), size);
    for (const [i, key] of keys.entries()) {
      words[places[i]!] = ASKED;
      far.delete(key);
    }
  }

  /** In memory anew: that of a kernel never gets smaller. */
  function renew(): void {
    const blocks = kernel.blocks();
    const fresh = open(blocks);
    if (fresh === undefined) return;
    const to = new Uint8Array(fresh.memory.buffer);
    const from = new Uint8Array(kernel.memory.buffer);
    for (let part = 0; part < blocks; part++)
      to.set(from.subarray(kernel.block(part), kernel.block(part) + BLOCK_BYTES), fresh.block(part));
    kernel = fresh;
    look();
  }

  return {
    get bytes() {
      return kernel.had() * BLOCK_BYTES;
    },
    seek(ids, from, to, after, size) {
      moveBase(after);
      const expired = expiredWord(after);
      sayingWhatIsShort(size, () => {
        if (size > IDS_MAX) throw memoryShort(size);
        makeRoom(size + to - from, expired);
        words.set(ids.low.subarray(from, to), lowsAt);
        words.set(ids.high.subarray(from, to), highsAt);
        find(to - from, expired, size);
      });
      asked = ids;
      first = from;
    },
    has(i, forgotten) {
      const word = words[places[i - first]!]!;
      if (word < FAR) return base + word - 1 > forgotten.to;
      return word === FAR && far.get(keyOf(i))! > forgotten.to;
    },
    keep(i, times) {
      const time = times[i]!;
      if (base !== base) base = time - ROOM_BEFORE;
      const word = time - base + 1;
      const isNear = word >= 1 && word < FAR;
      words[places[i - first]!] = isNear ? word : FAR;
      if (!isNear) far.set(keyOf(i), time);
      else if (far.size > 0) far.delete(keyOf(i));
    },
    tidy(after, size) {
      moveBase(after);
      sayingWhatIsShort(size, () => {
        if (far.size > 0) forgetFar(after, size);
        shrink(size, expiredWord(after));
      });
    },
  };
}

function sayingWhatIsShort(ids: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw isKernelFault(error) ? memoryShort(ids, error) : error;
  }
}

function memoryShort(ids: number, cause?: unknown): AppError {
  return new AppError(
    'memory_short',
    `no memory is left for the ${ids} ids that a partition remembers, at 16 bytes each. Give the process more, lower limits.max_ids or dedup, ` +
      'or spread the events over more partitions.',
    { cause },
  );
}
