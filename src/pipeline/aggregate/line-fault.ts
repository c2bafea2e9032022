/** Why a line is none of the combined log format, as far as its look tells: of another format that servers write, and what to do then. */
import { parseCombined } from '../../windows/decode/combined.ts';

/** Words behind a line that are taken off to find a line: what servers add are a few fields. */
const WORDS_MAX = 20;

export function lineFault(text: string): string {
  if (text.trimStart().startsWith('{')) return 'found JSON; expected format: json in the pipeline file, with the fields of these records';
  if (isLine(`${text} "-" "-"`)) {
    return 'found the common log format; expected "referer" and "user agent" too (CustomLog FILE combined)';
  }
  if (beginsWithLine(text)) return 'found more behind "user agent"; expected the line to end there (nginx: access_log FILE combined)';
  if (isLine(text.slice(text.indexOf(' ') + 1)))
    return 'found a field before the host; expected the host first (Apache: CustomLog FILE combined)';
  return 'expected a line of the combined log format: host ident user [time] "request" status bytes "referer" "user agent"';
}

function beginsWithLine(text: string): boolean {
  let end = text.length;
  for (let words = 0; words < WORDS_MAX && end > 0; words++) {
    end = text.lastIndexOf(' ', end - 1);
    if (isLine(text.slice(0, Math.max(0, end)))) return true;
  }
  return false;
}

/** Whatever its values. */
function isLine(text: string): boolean {
  return parseCombined(text) !== 'bad_line';
}
