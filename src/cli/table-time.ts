/** Times in tables: one precision a column, and never less than a time has. */
import { localIso, type Zone } from '../core/told-time.ts';

/** ISO 8601 -> `2026-03-02 09:14`, `2026-03-02 09:14:30`. */
export type TimeText = (iso: string) => string;

/** `steps`: times or durations, ms, that the column's times are made of. The finest decides. */
export function timesBy(zone: Zone, steps: readonly number[]): TimeText {
  const chars = Math.max(...steps.map(charsNeeded));
  return (iso) => {
    const time = Date.parse(iso);
    return localIso(new Date(time).toISOString(), zone)
      .slice(0, Math.max(chars, charsNeeded(time)))
      .replace('T', ' ');
  };
}

/** Zones differ by whole minutes. */
function charsNeeded(ms: number): number {
  return ms % 60_000 === 0 ? 'YYYY-MM-DDTHH:MM'.length : ms % 1_000 === 0 ? 'YYYY-MM-DDTHH:MM:SS'.length : 'YYYY-MM-DDTHH:MM:SS.sss'.length;
}
