/** The version of a row, a UInt64: 10 bits revision, 1 bit stage, 53 bits sum of the contributing offsets. The highest counts. */
export type Stage = 'provisional' | 'final';

export const REVISION_MAX = 1023;
const REVISION_SHIFT = 54n;
const FINAL = 1n << 53n;

export function rowVersion(revision: number, stage: Stage, offsets: number): string {
  return ((BigInt(revision) << REVISION_SHIFT) | (stage === 'final' ? FINAL : 0n) | BigInt(offsets)).toString();
}

/** Of the windows stage that made the row. */
export function revisionOf(version: string): number {
  return Number(BigInt(version) >> REVISION_SHIFT);
}
