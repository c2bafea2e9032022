/** What was counted in each span of the last day or week, so that each can be held against the same time before. */

/** Rings of amounts and exposures, by span number modulo their length; -1 where nothing is known. */
export interface Past {
  readonly amounts: readonly number[];
  /** Empty where every span's exposure is 1. */
  readonly exposures: readonly number[];
  /** Number of the newest span in it; spans since the epoch. */
  readonly newest: number;
}

export interface Counted {
  readonly amount: number;
  readonly exposure: number;
}

const UNKNOWN = -1;
export const NOT_KNOWN: Counted = { amount: UNKNOWN, exposure: 0 };

/** What stands at this number: `length` spans ago, if the span itself is not yet in. */
export function readPast(past: Past | undefined, span: number, length: number): Counted | undefined {
  if (!past || span - past.newest > length) return undefined;
  const at = span % length;
  const amount = past.amounts[at] ?? UNKNOWN;
  return amount < 0 ? undefined : { amount, exposure: past.exposures.length === 0 ? 1 : (past.exposures[at] ?? 0) };
}

/** With the span in it; what lies between it and the newest one is not known. `counted` undefined: keeps what stands there. */
export function writePast(past: Past | undefined, span: number, length: number, counted: Counted | undefined, hasExposure: boolean): Past {
  const amounts = past ? [...past.amounts] : Array.from({ length }, () => UNKNOWN);
  const exposures = hasExposure ? (past && past.exposures.length > 0 ? [...past.exposures] : Array.from({ length }, () => 0)) : [];
  const from = past ? Math.max(past.newest + 1, span - length + 1) : span;
  for (let gap = from; gap < span; gap++) amounts[gap % length] = UNKNOWN;
  if (counted) {
    amounts[span % length] = short(counted.amount);
    if (hasExposure) exposures[span % length] = short(counted.exposure);
  }
  return { amounts, exposures, newest: Math.max(past?.newest ?? span, span) };
}

/** Six digits: a hundred and sixty-eight of them have to be small. */
function short(value: number): number {
  return Number(value.toPrecision(6));
}
