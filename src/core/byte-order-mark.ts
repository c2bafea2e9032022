/** EF BB BF: what programs on Windows put before UTF-8. It is no part of the text. */
const MARK = [0xef, 0xbb, 0xbf];
export const MARK_BYTES = MARK.length;

/** How many bytes of it stand at the beginning: all, or 0. */
export function markBytes(bytes: Uint8Array): number {
  return MARK.every((byte, i) => bytes[i] === byte) ? MARK_BYTES : 0;
}
