/** Numbers as JSON writes them. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;

/**
 * A number of a flat row; undefined: it is none. The text of one is one too: stores quote integers of 64 bits (ClickHouse), as not every
 * reader of JSON keeps all of their digits.
 */
export function numberIn(value: unknown): number | null | undefined {
  if (value === null || typeof value === 'number') return value;
  if (typeof value !== 'string' || !NUMBER.test(value)) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
