/** For how long an alert goes on of which nothing can be judged: in time, and in windows where these are longer. */
const LOSE_AFTER_MS = 86_400_000;
const LOSE_AFTER_WINDOWS = 10;

/** As `loseAfterMs` of a detector. What rang may be gone for good: a canary that was taken away, a rate that was corrected. */
export function loseAfter(windowMs: number): number {
  return Math.max(LOSE_AFTER_MS, LOSE_AFTER_WINDOWS * windowMs);
}
