/** What becomes of a record. Every record read has exactly one outcome; the five add up to the records read. */
export const OUTCOMES = ['accepted', 'duplicate', 'late', 'invalid', 'ignored'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The outcomes as codes for columns (`Uint8Array`); `OUTCOMES[code]` is the name. */
export const ACCEPTED = 0;
export const DUPLICATE = 1;
export const LATE = 2;
export const INVALID = 3;
export const IGNORED = 4;

export type OutcomeCounts = Record<Outcome, number>;

export function noOutcomes(): OutcomeCounts {
  return { accepted: 0, duplicate: 0, late: 0, invalid: 0, ignored: 0 };
}

/** Records read: the sum of the five. */
export function recordsRead(counts: OutcomeCounts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}
