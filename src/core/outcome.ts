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

/** Added up, outcome by outcome. */
export function outcomesOf(counts: Iterable<Readonly<OutcomeCounts>>): OutcomeCounts {
  const sum = noOutcomes();
  for (const each of counts) for (const outcome of OUTCOMES) sum[outcome] += each[outcome];
  return sum;
}

/** Counts by reason, added up; in the order in which the reasons come. */
export function reasonsOf(counts: Iterable<Iterable<readonly [reason: string, count: number]>>): Map<string, number> {
  const sum = new Map<string, number>();
  for (const each of counts) for (const [reason, count] of each) sum.set(reason, (sum.get(reason) ?? 0) + count);
  return sum;
}

/** Records read: the sum of the five. */
export function recordsRead(counts: OutcomeCounts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}
