/** How long rows are kept, counted from when they were stored: records replayed by event time have no other time that can be trusted. */
export interface Retention {
  /** Windows shorter than an hour, ms; Infinity: for ever. */
  readonly windowsMs: number;
  /** Hours, and windows of an hour and more. */
  readonly hoursMs: number;
  /** Days, and windows of a day and more. */
  readonly daysMs: number;
}

const DAY_MS = 86_400_000;

export const DEFAULT_RETENTION: Retention = { windowsMs: 30 * DAY_MS, hoursMs: 365 * DAY_MS, daysMs: Infinity };

/** By table: the TTL that it should have; undefined: none. */
export function ttls({ windowsMs, hoursMs, daysMs }: Retention): Readonly<Record<string, string | undefined>> {
  const after = (ms: number): string => `stored_at + toIntervalDay(${Math.ceil(ms / DAY_MS)})`;
  const tiers = [
    [windowsMs, '(end_ms - start_ms) < 3600000'],
    [hoursMs, '((end_ms - start_ms) >= 3600000) AND ((end_ms - start_ms) < 86400000)'],
    [daysMs, '(end_ms - start_ms) >= 86400000'],
  ] as const;
  const kept = tiers.filter(([ms]) => Number.isFinite(ms)).map(([ms, which]) => `${after(ms)} WHERE ${which}`);
  return {
    windows: kept.length > 0 ? kept.join(', ') : undefined,
    windows_hours: Number.isFinite(hoursMs) ? after(hoursMs) : undefined,
    windows_days: Number.isFinite(daysMs) ? after(daysMs) : undefined,
  };
}
