/** So many bytes are copied at a time; up to so many more than asked for are read and written, so the caller leaves room behind everything. */
export const WORD: u32 = 16;

/** Copies forwards; where `to` lies behind `from` it does so by a word at least. */
export function copy(to: usize, from: usize, length: u32): void {
  const end = to + length;
  do {
    v128.store(to, v128.load(from));
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
