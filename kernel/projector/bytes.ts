/** Bytes compared sixteen at a time. */

/** Whether the same bytes stand at both; there are more than sixteen. */
export function sameBytes(one: usize, other: usize, length: usize): bool {
  const last = length - 16;
  for (let at: usize = 0; at < last; at += 16) {
    if (v128.any_true(v128.xor(v128.load(one + at), v128.load(other + at)))) return false;
  }
  return !v128.any_true(v128.xor(v128.load(one + last), v128.load(other + last)));
}
