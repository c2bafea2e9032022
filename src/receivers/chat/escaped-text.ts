const ELLIPSIS = '…';

/**
 * A text for a chat that gives some characters a meaning: escaped, and cut so that the result has at most so many UTF-16 units (so
 * whatever the chat counts, it is not more). No escape and no character is cut in two. Control characters become spaces; never empty,
 * which chats refuse.
 * @param escaped what is written for the character of this index
 */
export function escapedText(
  text: string,
  charsMax: number,
  escaped: (char: string, index: number, chars: readonly string[]) => string,
): string {
  const clean = text
    .replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, ' ')
    .trim()
    .toWellFormed();
  const chars = [...clean];
  const parts = chars.map((char, index) => escaped(char, index, chars));
  const whole = parts.join('');
  if (whole.length <= charsMax) return whole === '' ? '-' : whole;
  let cut = '';
  for (const part of parts) {
    if (cut.length + part.length > charsMax - ELLIPSIS.length) break;
    cut += part;
  }
  return cut + ELLIPSIS;
}
