/** A regular expression as a table (src/windows/projector/pattern-bytes.ts): one look-up a byte says whether a text matches. */

export const NO_MATCH: u32 = 0;
export const MATCH: u32 = 1;
/** A byte beyond ASCII came first. */
const NOT_ASCII: u32 = 2;

@unmanaged
export class Pattern {
  /** u16: 128 states to follow, per state. */
  next: usize;
  /** u8 per state: MATCH or NO_MATCH. */
  accepts: usize;
  /** JavaScript's test of the same, for texts beyond ASCII. */
  test: u32;
  /** Of times the first sixteen characters are those of the minute, mostly the same as before: the state behind them is kept. */
  isSeen: bool;
  state: u32;
  low: u64;
  high: u64;
}

export function matches(pattern: Pattern, from: usize, to: usize): u32 {
  const next = pattern.next;
  let state: u32 = 0;
  let at = from;
  if (to - from >= 16) {
    const low = load<u64>(from);
    const high = load<u64>(from + 8);
    if (!pattern.isSeen || low !== pattern.low || high !== pattern.high) {
      for (; at < from + 16; at++) {
        const byte: u32 = load<u8>(at);
        if (byte > 127) return NOT_ASCII;
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
    if (byte > 127) return NOT_ASCII;
    state = load<u16>(next + ((((state << 7) | byte) as usize) << 1));
  }
  return load<u8>(pattern.accepts + (state as usize));
}
