/**
 * Ids in lines of 64 bytes, as many as a processor fetches at once: five each, the lower halves of their hashes, the upper halves, and the
 * times; two lines are a pair, and a block has 512. The hash names two pairs of its block, and an id goes to the one with more room. Where both are full of ids
 * that are remembered, it goes to the first pair behind the second, round the block, that is not; a pair counts those that passed it so, in eight kinds by their hash: an
 * id that is not there is known as such where none of its kind passed, nearly always in its own two pairs. Nothing is ever moved within a block.
 */
import { BLOCK_BYTES } from './blocks.ts';

const LINE_BYTES: usize = 64;
const PAIR_BYTES: usize = 2 * LINE_BYTES;
const PAIRS_MASK: u32 = 511;
const WAYS: u32 = 5;
const HIGHS: usize = 20;
const TIMES: usize = 40;
/** Of a pair: in its first line. */
const PASSED: usize = 60;

/** Times: 0 stands in a free place; the last one in a place that was asked for, and that no id may take. */
export const ASKED: u32 = 0xffffffff;

/** Bits of the lower half: 9 for the first pair, 9 for the second, 3 for the kind. */
export function firstPair(block: usize, low: u32): usize {
  return block | (((low & PAIRS_MASK) as usize) * PAIR_BYTES);
}

function secondPair(block: usize, low: u32): usize {
  return block | ((((low >> 9) & PAIRS_MASK) as usize) * PAIR_BYTES);
}

/** As a shift. */
function kindOf(low: u32): u32 {
  return ((low >> 18) & 7) << 2;
}

function blockOf(at: usize): usize {
  return at & ~(BLOCK_BYTES - 1);
}

function pairAfter(pair: usize): usize {
  return blockOf(pair) | ((pair + PAIR_BYTES) & (BLOCK_BYTES - 1));
}

/** Fetches both pairs. */
export function touch(first: usize, low: u32): u32 {
  const second = secondPair(blockOf(first), low);
  return load<u32>(first) ^ load<u32>(first, LINE_BYTES) ^ load<u32>(second) ^ load<u32>(second, LINE_BYTES);
}

/** Bit `i`: id `i` of the line has this lower half. */
function alikeInLine(line: usize, low: u32): u32 {
  const four = i32x4.bitmask(i32x4.eq(v128.load(line), i32x4.splat(low))) as u32;
  return four | (((load<u32>(line, 16) == low) as u32) << 4);
}

function alike(pair: usize, low: u32): u32 {
  return alikeInLine(pair, low) | (alikeInLine(pair + LINE_BYTES, low) << WAYS);
}

/** Bit `i`: place `i` is free, or its id is forgotten. */
function openInLine(line: usize, expired: u32): u32 {
  const four = i32x4.bitmask(i32x4.le_u(v128.load(line, TIMES), i32x4.splat(expired))) as u32;
  return four | (((load<u32>(line, TIMES + 16) <= expired) as u32) << 4);
}

function open(pair: usize, expired: u32): u32 {
  return openInLine(pair, expired) | (openInLine(pair + LINE_BYTES, expired) << WAYS);
}

/** Of the lowest bit. */
function placeAt(pair: usize, bits: u32): usize {
  const i = ctz(bits);
  return pair + ((i as usize) << 2) + (i >= WAYS ? LINE_BYTES - 4 * (WAYS as usize) : 0);
}

/** Address of the time of the id, if it is one of these; else 0. */
function among(pair: usize, bits: u32, high: u32, expired: u32): usize {
  for (; bits != 0; bits &= bits - 1) {
    const at = placeAt(pair, bits);
    const time = load<u32>(at, TIMES);
    if (load<u32>(at, HIGHS) != high || time == 0) continue;
    if (time <= expired) store<u32>(at, ASKED, TIMES);
    return at + TIMES;
  }
  return 0;
}

/**
 * Address of the time of the id; where the id is not there, or is forgotten, it stands there from now on, and its time is ASKED. 0: the
 * block is full. Ids with times up to `expired` are forgotten.
 */
export function place(first: usize, low: u32, high: u32, expired: u32): usize {
  const second = secondPair(blockOf(first), low);
  let found = among(first, alike(first, low), high, expired);
  if (found != 0) return found;
  found = among(second, alike(second, low), high, expired);
  if (found != 0) return found;
  const kind = kindOf(low);
  for (let pair = second; ((load<u32>(pair, PASSED) >> kind) & 15) != 0;) {
    pair = pairAfter(pair);
    if (pair == second) break;
    found = among(pair, alike(pair, low), high, expired);
    if (found != 0) return found;
  }
  const inFirst = open(first, expired);
  const inSecond = open(second, expired);
  const isFirst = popcnt(inFirst) >= popcnt(inSecond);
  let pair = isFirst ? first : second;
  let room = isFirst ? inFirst : inSecond;
  if (room == 0) pair = second;
  while (room == 0) {
    pair = pairAfter(pair);
    if (pair == second) return 0;
    room = open(pair, expired);
  }
  const at = placeAt(pair, room);
  if (load<u32>(at, TIMES) != 0) clear(at + TIMES);
  store<u32>(at, low);
  store<u32>(at, high, HIGHS);
  store<u32>(at, ASKED, TIMES);
  if (pair != first) pass(second, pair, kind, 1);
  return at + TIMES;
}

/** Frees the place with its time at this address. */
export function clear(time: usize): void {
  const low = load<u32>(time - TIMES);
  const pair = time & ~(PAIR_BYTES - 1);
  store<u32>(time, 0);
  if (pair != firstPair(blockOf(time), low)) pass(secondPair(blockOf(time), low), pair, kindOf(low), -1);
}

/** Pairs from the second one to its own count the id, or (-1) count it no more. What has come to 15 stays so: there may have been more. */
function pass(second: usize, to: usize, kind: u32, change: i32): void {
  for (let pair = second; pair != to; pair = pairAfter(pair)) {
    const passed = load<u32>(pair, PASSED);
    if (((passed >> kind) & 15) < 15) store<u32>(pair, passed + (change << kind), PASSED);
  }
}

/** All ids of a block that are remembered. */
export function eachKept(block: usize, expired: u32, use: (low: u32, high: u32, time: u32) => void): void {
  for (let line = block; line < block + BLOCK_BYTES; line += LINE_BYTES) {
    for (let at = line; at < line + HIGHS; at += 4) {
      const time = load<u32>(at, TIMES);
      if (time > expired) use(load<u32>(at), load<u32>(at, HIGHS), time);
    }
  }
}

/** Times count from `later` ms later on: what is forgotten then stays so, and a place that is free stays free. */
export function shiftTimes(block: usize, later: u32, last: u32): void {
  for (let line = block; line < block + BLOCK_BYTES; line += LINE_BYTES) {
    for (let at = line + TIMES; at < line + PASSED; at += 4) {
      const time = load<u32>(at);
      if (time != 0 && time <= last) store<u32>(at, time > later ? time - later : 1);
    }
  }
}
