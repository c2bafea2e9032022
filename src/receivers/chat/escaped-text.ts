import { splitTimes, type ToldTime } from '../../core/told-time.ts';

const ELLIPSIS = '…';

/** How a chat writes what would have a meaning to it. */
export interface ChatMarks {
  /** For the character of this index. */
  readonly char: (char: string, index: number, chars: readonly (string | ToldTime)[]) => string;
  /** For a time, so that each reader sees it by a clock of their own; without it times stay as they are told, by UTC. */
  readonly time?: (time: ToldTime) => string;
}

/**
 * A text for a chat that gives some characters a meaning: escaped, and cut so that the result has at most so many UTF-16 units (so
 * whatever the chat counts, it is not more). No escape, no character and no time is cut in two. Control characters become spaces; never
 * empty, which chats refuse.
 */
export function escapedText(text: string, charsMax: number, marks: ChatMarks): string {
  const clean = text
    .replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, ' ')
    .trim()
    .toWellFormed();
  const pieces = marks.time ? splitTimes(clean) : [clean];
  const chars = pieces.flatMap<string | ToldTime>((piece) => (typeof piece === 'string' ? [...piece] : [piece]));
  const parts = chars.map((char, index) => (typeof char === 'string' ? marks.char(char, index, chars) : marks.time!(char)));
  const whole = parts.join('');
  if (whole.length <= charsMax) return whole === '' ? '-' : whole;
  let cut = '';
  for (const part of parts) {
    if (cut.length + part.length > charsMax - ELLIPSIS.length) break;
    cut += part;
  }
  return cut + ELLIPSIS;
}
