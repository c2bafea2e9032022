/** What a condition asks of a field's value, for every decoder alike. */
import type { NumberRange, Wanted } from './spec.ts';

export function isRange(wanted: Wanted): wanted is NumberRange {
  return typeof wanted === 'object' && wanted !== null;
}

/** Whether the value is one of those wanted (strict equality after JSON decoding), or a number within a range of them. */
export function isWanted(anyOf: readonly Wanted[], value: unknown): boolean {
  for (let i = 0; i < anyOf.length; i++) {
    const wanted = anyOf[i]!;
    if (wanted === value || (typeof value === 'number' && isRange(wanted) && isWithin(wanted, value))) return true;
  }
  return false;
}

function isWithin({ above = -Infinity, at_least = -Infinity, at_most = Infinity, below = Infinity }: NumberRange, value: number): boolean {
  return value >= at_least && value <= at_most && (value > above || above === -Infinity) && (value < below || below === Infinity);
}

/** The same numbers, both ends among them: a bound that is none of them gives way to the double beside it. */
export function intervalOf({ above, at_least = -Infinity, at_most = Infinity, below }: NumberRange): { least: number; most: number } {
  return {
    least: above === undefined ? at_least : Math.max(at_least, nextAbove(above)),
    most: below === undefined ? at_most : Math.min(at_most, -nextAbove(-below)),
  };
}

const word = new DataView(new ArrayBuffer(8));

/** The least double above a finite one. */
function nextAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  word.setFloat64(0, value);
  word.setBigInt64(0, word.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return word.getFloat64(0);
}
