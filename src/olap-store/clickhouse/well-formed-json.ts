/** JSON as ClickHouse takes it. A sender may escape half of a surrogate pair, which is no character: one such label would keep every later row out. */

/** `JSON.stringify` leaves only halves as escapes; those behind an escaped backslash are text about one. */
const HALF = /(?<!\\)((?:\\\\)*)\\ud[89a-f][\da-f]{2}/g;

/** With U+FFFD for each half, as UTF-8 has it. */
export function wellFormedJson(value: unknown): string {
  const json = JSON.stringify(value);
  return json.includes(String.raw`\ud`) ? json.replace(HALF, '$1\uFFFD') : json;
}
