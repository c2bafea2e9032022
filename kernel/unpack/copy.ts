/** So many bytes are copied at a time; up to so many more than asked for are read and written, so the caller leaves room behind everything. */
export const WORD: u32 = 16;

/** Copies forwards; where `to` lies behind `from` it does so by a word at least. Without SIMD, which not every processor has. */
export function copy(to: usize, from: usize, length: u32): void {
  const end = to + length;
  do {
    const low = load<u64>(from);
    const high = load<u64>(from, 8);
    store<u64>(to, low);
    store<u64>(to, high, 8);
    to += WORD;
    from += WORD;
  } while (to < end);
}

/** Copies byte by byte, what it wrote itself too. */
export function copyBytes(to: usize, from: usize, length: u32): void {
  const end = to + length;
  do store<u8>(to++, load<u8>(from++));
  while (to < end);
}
