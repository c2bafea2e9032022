/** What would make an event time of what was found there, where its look tells what it is: the zone's colon, another `time_unit`. */
import { parseEventTime } from '../../windows/decode/event-time.ts';
import type { EventSpec } from '../../windows/spec.ts';

type TimeUnit = EventSpec['timeUnit'];

/** A number comes to one of these years in one unit only. */
const [FROM_MS, TO_MS] = [Date.UTC(1990, 0), Date.UTC(2100, 0)];
const EPOCH_UNITS = [
  { per: 1_000, name: 'seconds', unit: 's' },
  { per: 1, name: 'milliseconds', unit: 'ms' },
  { per: 1e-3, name: 'microseconds', unit: undefined },
  { per: 1e-6, name: 'nanoseconds', unit: undefined },
] as const;

/** Undefined where `value` gives no clue, or is a time in this unit. */
export function expectedTime(value: unknown, { timeUnit: unit, zoneMs }: Pick<EventSpec, 'timeUnit' | 'zoneMs'>): string | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value))) return otherUnit(Number(value), unit);
  if (typeof value !== 'string') return undefined;
  if (isTime(value)) return unit === 'iso' ? undefined : 'such times with event.time_unit: iso';
  if (unit !== 'iso') return undefined;
  const zoned = value.replace(/([+-]\d\d)(\d\d)?$/, (_, hours: string, minutes = '00') => `${hours}:${minutes}`);
  if (isTime(zoned)) return `a colon in its zone, ${zoned.slice(-6)}`;
  if (zoneMs !== undefined || !isTime(`${value}Z`)) return undefined;
  return 'its zone at the end, Z or one such as +09:00, or utc_offset in the pipeline file and no format: date-time in the schema';
}

/** Where event times, epoch ms, lie weeks after 1970 because seconds were read as milliseconds, what to do about it. */
export function unitDoubt({ timeUnit }: Pick<EventSpec, 'timeUnit'>, time: number): string | undefined {
  const another = timeUnit === 'ms' ? otherUnit(time, timeUnit) : undefined;
  return another && `event times begin at ${new Date(time).toISOString()}; expected ${another}`;
}

function otherUnit(number: number, unit: TimeUnit): string | undefined {
  const found = EPOCH_UNITS.find(({ per }) => number * per >= FROM_MS && number * per < TO_MS);
  if (!found || found.unit === unit) return undefined;
  if (!found.unit) return `milliseconds with event.time_unit: ms, not ${found.name}`;
  return `event.time_unit: ${found.unit} for such ${found.name}, in the pipeline file`;
}

function isTime(text: string): boolean {
  return !Number.isNaN(parseEventTime(text, 'iso'));
}
