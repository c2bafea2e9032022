/** A regular expression as a table (src/windows/projector/pattern-bytes.ts): one look-up a byte says whether a text matches. */

export const NO_MATCH: u32 = 0;
export const MATCH: u32 = 1;
/** JavaScript knows: a byte beyond ASCII came first, or the text is too long. */
const UNDECIDED: u32 = 2;
/** Of longer texts JavaScript's own expression may say that they are too much for it, and then they are. */
const BYTES_MAX: usize = 4_096;

@unmanaged
export class Pattern {
  /** u16: 128 states to follow, per state. */
  next: usize;
  /** u8 per state: MATCH or NO_MATCH. */
  accepts: usize;
  /** JavaScript's test of the same, for what is undecided. */
  test: u32;
  /** Of times the first sixteen characters are those of the minute, mostly the same as before: the state behind them is kept. */
  isSeen: bool;
  state: u32;
  low: u64;
  high: u64;
}

export function matches(pattern: Pattern, from: usize, to: usize): u32 {
  if (to - from > BYTES_MAX) return UNDECIDED;
  const next = pattern.next;
  let state: u32 = 0;
  let at = from;
  if (to - from >= 16) {
    const low = load<u64>(from);
    const high = load<u64>(from + 8);
    if (!pattern.isSeen || low !== pattern.low || high !== pattern.high) {
      for (; at < from + 16; at++) {
        const byte: u32 = load<u8>(at);
        if (byte > 127) return UNDECIDED;
        state = load<u16>(next + ((((state << 7) | byte) as usize) << 1));
      }
      pattern.isSeen = true;
      pattern.state = state;
      pattern.low = low;
      pattern.high = high;
    }
    state = pattern.state;
    at = from + 16;
  }
  for (; at < to; at++) {
    const byte: u32 = load<u8>(at);
    if (byte > 127) return UNDECIDED;
    state = load<u16>(next + ((((state << 7) | byte) as usize) << 1));
  }
  return load<u8>(pattern.accepts + (state as usize));
}
