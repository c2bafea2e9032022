import type { DeadLetter } from '../../../src/dead-letter/dead-letter.ts';

const SHOWN_MAX = 1_000;

/** The beginning of the record as it came, on one line per field where it is JSON; undefined where it is no text. */
export function letterText({ payload }: Pick<DeadLetter, 'payload'>): string | undefined {
  if (payload === undefined) return undefined;
  const text = payload.length <= SHOWN_MAX ? spaced(payload) : payload.slice(0, SHOWN_MAX);
  return text.length < payload.length ? `${text} …` : text;
}

/** Of a record that is no text; of one that was cut, as many as it had. */
export function letterBytes({
  payload_base64: base64 = '',
  truncated_from_bytes: whole,
}: Pick<DeadLetter, 'payload_base64' | 'truncated_from_bytes'>): number {
  return whole ?? atob(base64).length;
}

/** Spaces after the commas and colons of JSON, so that it breaks into lines; the values stay as they were written. */
function spaced(payload: string): string {
  try {
    JSON.parse(payload);
  } catch {
    return payload;
  }
  return payload.replace(/"(?:[^"\\]|\\.)*"|[,:]\s*/g, (token) => (token.startsWith('"') ? token : `${token.trim()} `));
}
