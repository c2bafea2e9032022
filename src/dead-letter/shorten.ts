/** Dead letters for a log that takes no record so large. */
import type { DeadLetter } from './dead-letter.ts';

/** Every log takes records of this length; bytes of JSON. */
const TAKEN_BYTES = 256 << 10;

/** Which of them are refused nobody says: those about as long as the longest are. */
const ABOUT_AS_LONG = 0.9;

/** Those about as long as the longest are cut to half of that; undefined where none is so long that it could be refused. */
export function shortenLongest<L extends { readonly letter: DeadLetter }>(letters: readonly L[]): L[] | undefined {
  const longest = letters.reduce((most, { letter }) => Math.max(most, jsonBytes(letter)), 0);
  if (longest <= TAKEN_BYTES) return undefined;
  const shorter = letters.map((each) =>
    jsonBytes(each.letter) < ABOUT_AS_LONG * longest ? each : { ...each, letter: shortened(each.letter, longest >> 1) },
  );
  return shorter.some(({ letter }, i) => letter !== letters[i]!.letter) ? shorter : undefined;
}

/** With as much of the payload's beginning as leaves at most so many bytes of JSON; itself where it is no longer. */
function shortened(letter: DeadLetter, maxBytes: number): DeadLetter {
  const bytes = payloadBytes(letter);
  let short = letter;
  for (let kept = bytes.length; kept > 0 && jsonBytes(short) > maxBytes;) {
    kept = Math.floor(kept * 0.9);
    short = beginningOf(letter, bytes, kept);
  }
  return short;
}

function jsonBytes(letter: DeadLetter): number {
  return Buffer.byteLength(JSON.stringify(letter));
}

export function payloadBytes({ payload, payload_base64 }: Pick<DeadLetter, 'payload' | 'payload_base64'>): Buffer {
  return payload === undefined ? Buffer.from(payload_base64 ?? '', 'base64') : Buffer.from(payload);
}

function beginningOf(letter: DeadLetter, bytes: Buffer, most: number): DeadLetter {
  let kept = most;
  // A text ends behind a whole character: 10xxxxxx goes on with one.
  if (letter.payload !== undefined) while ((bytes[kept]! & 0xc0) === 0x80) kept--;
  const beginning = bytes.subarray(0, kept);
  return {
    ...letter,
    ...(letter.payload === undefined ? { payload_base64: beginning.toString('base64') } : { payload: beginning.toString() }),
    truncated_from_bytes: letter.truncated_from_bytes ?? bytes.length,
  };
}
