/** English for people: how many of what. */

const NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1 record`, `1,234 records`; `many` where it is not the word with an s. */
export function counted(count: number, one: string, many?: string): string {
  return `${NUMBER.format(count)} ${plural(count, one, many)}`;
}

/** The word alone, beside a number that is written by itself. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}
