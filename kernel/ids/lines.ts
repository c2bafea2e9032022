/**
 * Ids in lines of 64 bytes, as many as a processor fetches at once: five each, and how many ids went by. A block has 1,024 lines; an id goes to
 * its own line, which its hash names, and where that is full of ids that are remembered to the first line behind it, round the block, that is not.
 * So an id that is not there is known as such where a line was passed by nobody; nearly always that is its own. Nothing is ever moved
 * within a block. A line has the lower halves of the hashes, the upper halves, the times, and the number of ids whose place is
 * behind it and whose own line is not.
 */
import { BLOCK_BYTES } from './blocks.ts';

export const LINE_BYTES: usize = 64;
const WAYS: usize = 5;
const HIGHS: usize = 20;
const TIMES: usize = 40;
const PASSED: usize = 60;

/** Times: 0 stands in a free place; the last one in a place that was asked for, and that no id may take. */
export const ASKED: u32 = 0xffffffff;

export function ownLine(block: usize, low: u32): usize {
  return block | (((low as usize) * LINE_BYTES) & (BLOCK_BYTES - 1));
}

function lineAfter(line: usize): usize {
  const block = line & ~(BLOCK_BYTES - 1);
  return block | ((line + LINE_BYTES) & (BLOCK_BYTES - 1));
}

/** Fetches the line. */
export function touch(line: usize): u32 {
  return load<u32>(line, PASSED);
}

/** Bit `i`: id `i` of the line has this lower half. */
function alike(line: usize, low: u32): u32 {
  const four = i32x4.bitmask(i32x4.eq(v128.load(line), i32x4.splat(low))) as u32;
  return four | ((load<u32>(line, 16) == low ? 1 : 0) << 4);
}

/** Bit `i`: place `i` is free, or its id is forgotten. */
function open(line: usize, expired: u32): u32 {
  const four = i32x4.bitmask(i32x4.le_u(v128.load(line, TIMES), i32x4.splat(expired))) as u32;
  return four | ((load<u32>(line, TIMES + 16) <= expired ? 1 : 0) << 4);
}

/**
 * Address of the time of the id; where the id is not there, or is forgotten, it stands there from now on, and its time is ASKED. 0: the
 * block is full. Ids with times up to `expired` are forgotten.
 */
export function place(own: usize, low: u32, high: u32, expired: u32): usize {
  let line = own;
  let room: usize = 0;
  do {
    for (let bits = alike(line, low); bits != 0; bits &= bits - 1) {
      const at = line + ((ctz(bits) as usize) << 2);
      const time = load<u32>(at, TIMES);
      if (load<u32>(at, HIGHS) != high || time == 0) continue;
      if (time <= expired) store<u32>(at, ASKED, TIMES);
      return at + TIMES;
    }
    if (room == 0) {
      const bits = open(line, expired);
      if (bits != 0) room = line + ((ctz(bits) as usize) << 2);
    }
    if (load<u32>(line, PASSED) == 0) break;
    line = lineAfter(line);
  } while (line != own);
  while (room == 0) {
    line = lineAfter(line);
    if (line == own) return 0;
    const bits = open(line, expired);
    if (bits != 0) room = line + ((ctz(bits) as usize) << 2);
  }
  if (load<u32>(room, TIMES) != 0) clear(room + TIMES);
  store<u32>(room, low);
  store<u32>(room, high, HIGHS);
  store<u32>(room, ASKED, TIMES);
  pass(own, room, 1);
  return room + TIMES;
}

/** Frees the place with its time at this address. */
export function clear(time: usize): void {
  const at = time - TIMES;
  pass(ownLine(at & ~(BLOCK_BYTES - 1), load<u32>(at)), at, -1);
  store<u32>(time, 0);
}

function pass(own: usize, at: usize, change: i32): void {
  const to = at & ~(LINE_BYTES - 1);
  for (let line = own; line != to; line = lineAfter(line)) store<u32>(line, load<u32>(line, PASSED) + change, PASSED);
}

/** All ids of a block that are remembered. */
export function eachKept(block: usize, expired: u32, use: (low: u32, high: u32, time: u32) => void): void {
  for (let line = block; line < block + BLOCK_BYTES; line += LINE_BYTES) {
    for (let at = line; at < line + (WAYS << 2); at += 4) {
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
