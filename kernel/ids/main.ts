/**
 * Ids that are remembered, by their hash, each with a time. src/windows/ids/kernel.ts calls it and says what times mean.
 *
 * The upper half of the hash says in which block an id is: of `count` equal parts of all hashes, the block of part `i` has those of part `i`.
 * To have more blocks, or fewer, they are built anew one after the other: of `nextCount` parts then. Parts before `moved` are done.
 */
import { beginBlocks, blocksHad, BLOCK_SHIFT, giveBlock, takeBlock } from './blocks.ts';
import { ASKED, clear, eachKept, firstPair, place, shiftTimes, touch } from './lines.ts';

/** Lower and upper halves of the hashes that are asked for; where their times are: words from the beginning of memory. */
export const LOWS: usize = 0x1000;
export const HIGHS: usize = 0x2000;
export const PLACES: usize = 0x3000;
/** Numbers of blocks, 16 bits each, by part. */
const TABLE_BYTES: usize = 0x20000;
const FIRST_TABLE: usize = 0x10000;
const FIRST_BLOCK: u32 = ((FIRST_TABLE + 3 * TABLE_BYTES) >> BLOCK_SHIFT) as u32;

let table: usize = FIRST_TABLE;
let nextTable: usize = FIRST_TABLE + TABLE_BYTES;
/** Of none, but for `startOver`. */
let spareTable: usize = FIRST_TABLE + 2 * TABLE_BYTES;
let count: u32 = 0;
let nextCount: u32 = 0;
let moved: u32 = 0;
/** For `moveId`. */
let expiredNow: u32 = 0;
/** Found by `moveId`: a block that it goes to. */
let isFull: bool = false;
/** Ids asked for last. */
let asked: u32 = 0;
/** Kept so that the reading is not left out. */
export let touched: u32 = 0;

/** Once, before anything else. Memory reaches up to the first block then. */
export function begin(blocks: u32): void {
  if ((memory.size() as u32) < FIRST_BLOCK) {
    if (memory.grow((FIRST_BLOCK - (memory.size() as u32)) as i32) < 0) unreachable();
  }
  beginBlocks(FIRST_BLOCK);
  count = blocks;
  for (let part: u32 = 0; part < blocks; part++) setBlock(table, part, takeBlock());
}

function setBlock(within: usize, part: u32, block: u32): void {
  store<u16>(within + ((part as usize) << 1), block as u16);
}

function blockAt(within: usize, part: u32): usize {
  return (load<u16>(within + ((part as usize) << 1)) as usize) << BLOCK_SHIFT;
}

function partOf(high: u32, parts: u32): u32 {
  return (((high as u64) * (parts as u64)) >> 32) as u32;
}

function pairOf(low: u32, high: u32): usize {
  const part = partOf(high, count);
  return firstPair(part < moved ? blockAt(nextTable, partOf(high, nextCount)) : blockAt(table, part), low);
}

/** Frees the places that were asked for and not used. */
function settle(): void {
  for (let i: u32 = 0; i < asked; i++) {
    const at: usize = (load<u32>(PLACES + ((i as usize) << 2)) as usize) << 2;
    if (load<u32>(at) == ASKED) clear(at);
  }
  asked = 0;
}

/** Finds the places of the first `ids` hashes; their times are there, or ASKED, until the next call. Returns 0 where a block is full: nothing is asked then. */
export function seek(ids: u32, expired: u32): u32 {
  settle();
  // All at once: one after the other each would wait for main memory.
  for (let i: usize = 0; i < (ids as usize) << 2; i += 4) {
    const low = load<u32>(i, LOWS);
    const first = pairOf(low, load<u32>(i, HIGHS));
    store<u32>(i, first as u32, PLACES);
    touched ^= touch(first, low);
  }
  for (let i: u32 = 0; i < ids; i++) {
    const at: usize = (i as usize) << 2;
    const found = place(load<u32>(at, PLACES), load<u32>(at, LOWS), load<u32>(at, HIGHS), expired);
    if (found == 0) {
      settle();
      return 0;
    }
    store<u32>(at, (found >> 2) as u32, PLACES);
    asked = i + 1;
  }
  return 1;
}

export function blocks(): u32 {
  return count;
}

/** Blocks that it goes to; 0: it stays as it is. */
export function blocksNext(): u32 {
  return nextCount;
}

/** Of `blocks`, those that are done. */
export function blocksMoved(): u32 {
  return moved;
}

/** Blocks that memory was taken for. */
export function had(): u32 {
  return blocksHad(FIRST_BLOCK);
}

/** From now on `move` goes to so many blocks. */
export function resize(to: u32): void {
  nextCount = to;
}

/** Builds up to so many blocks anew; all of them, and more than were asked for, where the ids of one do not fit. Nothing that was asked is good any more. */
export function move(most: u32, expired: u32): void {
  settle();
  for (let i: u32 = 0; i < most && nextCount != 0; i++) moveBlock(expired);
}

function moveBlock(expired: u32): void {
  const first = partOf(firstOf(moved), nextCount);
  const last = partOf((firstOf(moved + 1) - 1) as u32, nextCount);
  for (let part = first; part <= last; part++) if (blockAt(nextTable, part) == 0) setBlock(nextTable, part, takeBlock());
  const from = blockAt(table, moved);
  expiredNow = expired;
  eachKept(from, expired, moveId);
  if (isFull) {
    startOver();
    return;
  }
  giveBlock((from >> BLOCK_SHIFT) as u32);
  setBlock(table, moved, 0);
  moved++;
  if (moved >= count) takeNext();
}

/** All ids are in the next table. */
function takeNext(): void {
  const done = table;
  table = nextTable;
  nextTable = done;
  count = nextCount;
  nextCount = 0;
  moved = 0;
}

/**
 * Hashes fell so unevenly that a block was full before all of its ids were there: all go to so many blocks, at once, that none is. Those of
 * the block that was being moved stand in two places then, alike: they come to one.
 */
function startOver(): void {
  const begun = nextTable;
  const begunCount = nextCount;
  nextTable = spareTable;
  while (isFull) {
    isFull = false;
    nextCount *= 2;
    for (let part: u32 = 0; part < nextCount; part++) setBlock(nextTable, part, takeBlock());
    moveAll(begun, begunCount);
    moveAll(table, count);
    if (isFull) giveAll(nextTable, nextCount);
  }
  giveAll(begun, begunCount);
  giveAll(table, count);
  spareTable = begun;
  takeNext();
}

function moveAll(within: usize, parts: u32): void {
  for (let part: u32 = 0; part < parts; part++) if (blockAt(within, part) != 0) eachKept(blockAt(within, part), expiredNow, moveId);
}

function giveAll(within: usize, parts: u32): void {
  for (let part: u32 = 0; part < parts; part++) {
    const block = blockAt(within, part);
    if (block != 0) giveBlock((block >> BLOCK_SHIFT) as u32);
    setBlock(within, part, 0);
  }
}

/** The first upper half of a hash that is of this part. */
function firstOf(part: u32): u32 {
  const parts = count as u64;
  return ((((part as u64) << 32) + parts - 1) / parts) as u32;
}

function moveId(low: u32, high: u32, time: u32): void {
  const first = firstPair(blockAt(nextTable, partOf(high, nextCount)), low);
  const at = place(first, low, high, expiredNow);
  if (at == 0) isFull = true;
  else store<u32>(at, time);
}

/** Times up to `last` count from `later` ms later on. */
export function shift(later: u32, last: u32): void {
  settle();
  for (let part = moved; part < count; part++) shiftTimes(blockAt(table, part), later, last);
  if (moved == 0) return;
  for (let part: u32 = 0; part < nextCount; part++) if (blockAt(nextTable, part) != 0) shiftTimes(blockAt(nextTable, part), later, last);
}

/** Address of the block of a part, when nothing is being moved. */
export function block(part: u32): usize {
  return blockAt(table, part);
}
