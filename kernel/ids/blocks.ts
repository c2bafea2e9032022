/**
 * Memory in blocks of 64 KiB, known by their number: the address over 64 KiB. Only ever taken from the outside; those that are given back are
 * taken again first.
 */

export const BLOCK_SHIFT: usize = 16;
export const BLOCK_BYTES: usize = 1 << BLOCK_SHIFT;
/** Addresses end there. */
const BLOCKS_MAX: u32 = 0x10000;

/** The first block that was never taken: in front of it lie the tables and what is asked (main.ts). */
let top: u32 = 0;
/** Number of the block that was given back last, 0: none; the one before stands in its first word. */
let spare: u32 = 0;

export function beginBlocks(first: u32): void {
  top = first;
}

/** Blocks that were taken from the outside. */
export function blocksHad(first: u32): u32 {
  return top - first;
}

/** All of it is 0. Traps when there is no memory left. */
export function takeBlock(): u32 {
  if (spare != 0) {
    const block = spare;
    spare = load<u32>((block as usize) << BLOCK_SHIFT);
    memory.fill((block as usize) << BLOCK_SHIFT, 0, BLOCK_BYTES);
    return block;
  }
  if (top == BLOCKS_MAX) unreachable();
  const had = memory.size() as u32;
  // A sixteenth at a time, as each time costs a call to the system; what is not written to is not resident.
  if (top >= had) {
    const more = min<u32>(max<u32>(top + 1 - had, had >> 4), BLOCKS_MAX - had);
    if (memory.grow(more as i32) < 0 && memory.grow((top + 1 - had) as i32) < 0) unreachable();
  }
  return top++;
}

export function giveBlock(block: u32): void {
  store<u32>((block as usize) << BLOCK_SHIFT, spare);
  spare = block;
}
