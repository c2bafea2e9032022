/** Reads a record of a dead-letter topic. That is open to others, and what they write there must not keep letters from anybody. */
import { parseJson } from '../core/json.ts';
import type { DeadLetter } from './dead-letter.ts';

/** Undefined for what no version of ours has written: it lacks where the record stands, or why it was left out. */
export function parseLetter(record: string): DeadLetter | undefined {
  const found = parseJson(record);
  return isLetter(found) ? found : undefined;
}

function isLetter(value: unknown): value is DeadLetter {
  if (typeof value !== 'object' || value === null) return false;
  const { topic, partition, offset, outcome, reason } = value as Partial<Record<keyof DeadLetter, unknown>>;
  return (
    typeof topic === 'string' &&
    Number.isSafeInteger(partition) &&
    Number.isSafeInteger(offset) &&
    (outcome === 'late' || outcome === 'invalid') &&
    typeof reason === 'string'
  );
}
