/** `"0.6%"` and `"0.006"` -> 0.006; undefined for what is no rate between 0 and 1. */
export function parseRate(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d*\.?\d+%?$/.test(text)) return undefined;
  const rate = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  return rate > 0 && rate < 1 ? rate : undefined;
}
