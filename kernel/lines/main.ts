/** Lines of bytes, moved together without what ends them. src/server/events/lines/line-cutter.ts calls it. */

const LF: u8 = 0x0a;
const CR: u8 = 0x0d;

/** Of the last call: where the lines end, with what stands behind the last line feed. */
export let bytesEnd: usize = 0;

/** Copies 64 bytes. Returns whether a line feed is among them. */
function copied64(from: usize, to: usize, feeds: v128): bool {
  const a = v128.load(from);
  const b = v128.load(from, 16);
  const c = v128.load(from, 32);
  const d = v128.load(from, 48);
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
  return v128.any_true(v128.or(v128.or(i8x16.eq(a, feeds), i8x16.eq(b, feeds)), v128.or(i8x16.eq(c, feeds), i8x16.eq(d, feeds))));
}

/**
 * Copies [from, end) to `to`, which does not overlap with it, without each line feed and the one carriage return before it; writes where each
 * line ends, counted from `base`, to `ends` (32 bits). Reads and writes up to 16 bytes further than told. Returns the number of lines.
 */
export function cut(from: usize, end: usize, to: usize, base: usize, ends: usize): u32 {
  const feeds = i8x16.splat(LF);
  const begin = from;
  const firstEnd = ends;
  while (from < end) {
    while (end - from >= 64 && !copied64(from, to, feeds)) {
      from += 64;
      to += 64;
    }
    const bytes = v128.load(from);
    v128.store(to, bytes);
    let found: u32 = i8x16.bitmask(i8x16.eq(bytes, feeds));
    const left = end - from;
    if (left < 16) found &= (1 << (left as u32)) - 1;
    if (found == 0) {
      const length = min<usize>(left, 16);
      from += length;
      to += length;
      continue;
    }
    const length: usize = ctz(found);
    from += length;
    to += length;
    if (from > begin && load<u8>(from - 1) == CR) to--;
    store<u32>(ends, (to - base) as u32);
    ends += 4;
    from++;
  }
  bytesEnd = to;
  return ((ends - firstEnd) >> 2) as u32;
}
