/** Times as people write and read them: ISO 8601, to the minute or finer, with a zone; and days. */
const ZONED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4]):\d{2})$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The end of the year 9999, epoch ms: no later time is written with four digits for the year, and none is taken. */
export const LAST_INSTANT_MS = 253_402_300_799_999;

/** `2026-03-02T09:00:00Z`, `2026-03-02T18:00+09:00` -> epoch ms; undefined for what is no such time. */
export function parseInstant(text: string): number | undefined {
  return timeIf(ZONED.test(text), text);
}

/** The same, or a day: its midnight in UTC. */
export function parseInstantOrDay(text: string): number | undefined {
  return timeIf(ZONED.test(text) || DAY.test(text), text);
}

/** Epoch ms -> `2026-03-02T09:00:00.000Z`; null for what is not known yet (undefined, or infinite), as JSON knows no infinity. */
export function instantOrNull(ms: number | undefined): string | null {
  return ms === undefined || !Number.isFinite(ms) ? null : new Date(ms).toISOString();
}

function timeIf(isWritten: boolean, text: string): number | undefined {
  const ms = isWritten && isDay(text.slice(0, 10)) ? Date.parse(text) : NaN;
  return Number.isFinite(ms) ? ms : undefined;
}

/** Alone, 30 February would be read as 2 March. */
function isDay(day: string): boolean {
  const ms = Date.parse(day);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(day);
}
