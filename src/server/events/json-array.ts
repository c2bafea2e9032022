/**
 * Cuts a JSON array into the texts of its elements, byte for byte as they came, and takes a single object as one: a number such as 1e400 or a key given twice would not
 * survive being parsed and written again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Column } from '../../log/batch.ts';
import { createElementScan } from './json-scan.ts';

/** Scanned in one turn of the event loop, a few ms. */
const STRETCH_BYTES = 1 << 20;

/**
 * The elements one after the other. `text` must be UTF-8 and stay as it is. Other work gets its turn between two stretches.
 * @throws JsonFault where it is neither a JSON array nor an object; RangeError beyond `maxElements`
 */
export async function splitJsonArray(text: Uint8Array, maxElements: number): Promise<Column> {
  const elements = createElementScan(text, maxElements);
  for (let until = STRETCH_BYTES; elements.scan(until); until += STRETCH_BYTES) await nextTurn();
  if (text.length > STRETCH_BYTES) await nextTurn();
  return gather(text, elements.spans);
}

function gather(text: Uint8Array, spans: readonly number[]): Column {
  const ends = new Uint32Array(spans.length / 2);
  let bytes = 0;
  for (let i = 0; i < ends.length; i++) ends[i] = bytes += spans[2 * i + 1]! - spans[2 * i]!;
  const gathered = new Uint8Array(bytes);
  for (let i = 0; i < ends.length; i++) gathered.set(text.subarray(spans[2 * i], spans[2 * i + 1]), i === 0 ? 0 : ends[i - 1]);
  return { bytes: gathered, ends };
}
