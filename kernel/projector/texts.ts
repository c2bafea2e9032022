/** What rules ask of texts. */

/** Of valid UTF-8: all bytes but those that continue a character. */
export function codePoints(from: usize, to: usize): u32 {
  let count: u32 = 0;
  for (let at = from; at < to; at++) if ((load<u8>(at) & 0xc0) !== 0x80) count++;
  return count;
}

/** 8-4-4-4-12 hex digits, as the format `uuid` has it. */
export function isUuid(from: usize, to: usize): bool {
  return to - from === 36 && hexAndDashes(from, 0x2100) && hexAndDashes(from + 16, 0x0084) && hexAndDashes(from + 20, 0x0008);
}

/** Sixteen hex digits, but dashes where a bit of `dashes` is set. */
function hexAndDashes(at: usize, dashes: i32): bool {
  const bytes = v128.load(at);
  const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
  const letters = i8x16.lt_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(6));
  if (i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x2d))) !== dashes) return false;
  return (i8x16.bitmask(v128.or(digits, letters)) | dashes) === 0xffff;
}
