/**
 * Which keys come most often: Misra and Gries' counters (1982), merged as in Agarwal et al., "Mergeable summaries" (2012). Of n
 * events it holds at most `keep` keys with counts that are too low by at most n / (keep + 1), and so every key that came more
 * often than that; it knows a bound on its own error, which is mostly far less. The state follows from the order of the
 * events; no tie decides anything.
 */
import { isUtf8 } from 'node:buffer';
import { createVarintReader, writeVarint } from './varint.ts';

const VERSION = 1;
export const HEAVY_KEEP_DEFAULT = 64;
export const HEAVY_KEEP_MAX = 1_024;
/** Longer keys count under their beginning, of so many UTF-16 units. */
export const HEAVY_KEY_LENGTH_MAX = 200;

export interface HeavyHitter {
  readonly key: string;
  /** The true count is from `least` to `most`. */
  readonly least: number;
  readonly most: number;
}

export interface HeavyHitters {
  readonly keep: number;
  add(key: string): void;
  /** Takes in all that `other` has seen, which stays as it is. @throws RangeError where `keep` differs */
  merge(other: HeavyHitters): void;
  /** The most frequent first; equal ones by key. */
  top(limit: number): HeavyHitter[];
  /** version, keep, total, error, then per key, as in `top`: count, bytes, UTF-8; all numbers as varints. */
  toBytes(): Uint8Array;
  /** For `merge`: events seen, the most by which a count may be too low, and the counts. */
  readonly inside: { readonly total: number; readonly error: number; readonly counts: ReadonlyMap<string, number> };
}

interface Inside {
  total: number;
  error: number;
  readonly counts: Map<string, number>;
}

export function createHeavyHitters(keep: number): HeavyHitters {
  return sketchOf(keep, { total: 0, error: 0, counts: new Map() });
}

function sketchOf(keep: number, inside: Inside): HeavyHitters {
  if (!Number.isInteger(keep) || keep < 1 || keep > HEAVY_KEEP_MAX) throw new RangeError(`keep ${keep}: expected 1 to ${HEAVY_KEEP_MAX}`);
  const { counts } = inside;

  /** Every count less by as much; those that are used up go. */
  function lower(by: number): void {
    inside.error += by;
    for (const [key, count] of counts) {
      if (count <= by) counts.delete(key);
      else counts.set(key, count - by);
    }
  }

  function sorted(): [key: string, count: number][] {
    return [...counts].sort(([keyA, a], [keyB, b]) => b - a || (keyA < keyB ? -1 : 1));
  }

  return {
    keep,
    inside,
    add(key) {
      const known = counts.get(key);
      inside.total += 1;
      if (known !== undefined) counts.set(key, known + 1);
      else if (counts.size < keep) counts.set(key, 1);
      else lower(1);
    },
    merge(other) {
      if (other.keep !== keep) throw new RangeError(`sketches that keep ${keep} and ${other.keep} keys do not merge`);
      const { total, error } = other.inside;
      for (const [key, count] of other.inside.counts) counts.set(key, (counts.get(key) ?? 0) + count);
      inside.total += total;
      inside.error += error;
      const surplus = [...counts.values()].sort((a, b) => b - a)[keep];
      if (surplus !== undefined) lower(surplus);
    },
    top: (limit) =>
      sorted()
        .slice(0, limit)
        .map(([key, count]) => ({ key, least: count, most: count + inside.error })),
    toBytes() {
      const bytes = [VERSION];
      for (const number of [keep, inside.total, inside.error]) writeVarint(bytes, number);
      for (const [key, count] of sorted()) {
        const text = Buffer.from(key, 'utf8');
        writeVarint(bytes, count);
        writeVarint(bytes, text.length);
        for (const byte of text) bytes.push(byte);
      }
      return Uint8Array.from(bytes);
    },
  };
}

/** The key under which a value counts: bounded, and the same after it was written as UTF-8. */
export function heavyKey(text: string): string {
  return text.length <= HEAVY_KEY_LENGTH_MAX && text.isWellFormed() ? text : text.slice(0, HEAVY_KEY_LENGTH_MAX).toWellFormed();
}

/** @throws RangeError where the bytes are none of `toBytes` */
export function heavyHittersFromBytes(bytes: Uint8Array): HeavyHitters {
  if (bytes[0] !== VERSION) throw broken('its version is unknown');
  const reader = createVarintReader(bytes, 1);
  const [keep, total, error] = [reader.next(), reader.next(), reader.next()];
  const counts = new Map<string, number>();
  let last = Infinity;
  let sum = 0;
  while (!reader.atEnd()) {
    const count = reader.next();
    const text = Uint8Array.from({ length: boundedLength(reader.next()) }, () => reader.byte());
    if (count === 0 || count > last) throw broken('its counts are out of order');
    last = count;
    sum += count;
    counts.set(textOf(text), count);
  }
  if (counts.size > keep || sum > total) throw broken('it counts more than it has seen');
  return sketchOf(keep, { total, error, counts });
}

/** The merge of two states as bytes. */
export function mergeHeavyHitters(a: Uint8Array, b: Uint8Array): Uint8Array {
  const sketch = heavyHittersFromBytes(a);
  sketch.merge(heavyHittersFromBytes(b));
  return sketch.toBytes();
}

/** In UTF-8 a UTF-16 unit takes three bytes at most. */
function boundedLength(length: number): number {
  if (length > 3 * HEAVY_KEY_LENGTH_MAX) throw broken(`a key of ${length} bytes`);
  return length;
}

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw broken('a key is not UTF-8');
  return Buffer.from(bytes).toString('utf8');
}

function broken(why: string): RangeError {
  return new RangeError(`the bytes are no heavy-hitter sketch: ${why}`);
}
