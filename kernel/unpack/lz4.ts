import { copy, copyBytes, WORD } from './copy.ts';

/**
 * Unpacks one LZ4 block at [from, end) to `to` and on, up to `toEnd`. Matches reach back to `low`. Returns where it ends; 0: it is none.
 * Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
export function lz4(from: usize, end: usize, to: usize, toEnd: usize, low: usize): usize {
  while (from < end) {
    const token = <u32>load<u8>(from++);

    let length = token >>> 4;
    if (length == 15) {
      let more: u32;
      do {
        if (from >= end) return 0;
        more = load<u8>(from++);
        length += more;
      } while (more == 255);
    }
    if (length > <u32>(end - from) || length > <u32>(toEnd - to)) return 0;
    copy(to, from, length);
    to += length;
    from += length;
    // The last sequence has no match.
    if (from == end) return to;

    if (end - from < 2) return 0;
    const distance = <u32>load<u16>(from);
    from += 2;
    if (distance == 0 || distance > <u32>(to - low)) return 0;
    length = token & 15;
    if (length == 15) {
      let more: u32;
      do {
        if (from >= end) return 0;
        more = load<u8>(from++);
        length += more;
      } while (more == 255);
    }
    length += 4;
    if (length > <u32>(toEnd - to)) return 0;
    // Nearer than a word it overlaps itself: what is copied was copied just before.
    if (distance >= WORD) copy(to, to - distance, length);
    else copyBytes(to, to - distance, length);
    to += length;
  }
  return 0;
}
