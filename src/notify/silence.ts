/** A silence: for a while receivers are not told of some alerts. Alerts rise, end and are shown as ever. */
import { parseJson } from '../core/json.ts';
import type { Labels } from '../core/labels.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';

/** What stands on the topic `p.silences`, keyed by id; the newest record of an id counts. Times are ISO 8601 UTC with ms. */
export interface Silence {
  /** UUID */
  readonly id: string;
  /** Labels that an alert must have, all of them; it may have more, so finer segments are silenced too. */
  readonly matchers: Labels;
  /** Only alerts of this measure, of this type, this one alert. */
  readonly measure?: string;
  readonly alert_type?: string;
  readonly alert_id?: string;
  readonly starts_at: string;
  /** Not included. */
  readonly ends_at: string;
  readonly comment: string;
  readonly created_by?: string;
  readonly created_at: string;
  /** When somebody ended it before its time. */
  readonly ended_at?: string;
}

/** `pending`: it has not begun. */
export type SilenceStatus = 'pending' | 'active' | 'ended';

/** From when to when it holds, epoch ms. */
export interface SilenceTimes {
  readonly startMs: number;
  /** Not included. */
  readonly endMs: number;
}

/**
 * Whoever asks may have another clock than whoever wrote it, or one that was set back: what somebody ended is over, and what began when it
 * was asked for has begun, whatever the clock says.
 */
export function timesOf(silence: Silence): SilenceTimes {
  return { startMs: startOf(silence), endMs: endOf(silence) };
}

function startOf({ starts_at, created_at }: Silence): number {
  const startMs = Date.parse(starts_at);
  return startMs <= Date.parse(created_at) ? -Infinity : startMs;
}

function endOf({ ends_at, ended_at }: Silence): number {
  return ended_at === undefined ? Date.parse(ends_at) : -Infinity;
}

export function statusAt({ startMs, endMs }: SilenceTimes, nowMs: number): SilenceStatus {
  if (nowMs >= endMs) return 'ended';
  return nowMs >= startMs ? 'active' : 'pending';
}

/** `nowMs`: the wall clock, epoch ms. */
export function statusOf(silence: Silence, nowMs: number): SilenceStatus {
  const endMs = endOf(silence);
  // Of thousands that are kept most are over: no more of these is read.
  return nowMs >= endMs ? 'ended' : statusAt({ startMs: startOf(silence), endMs }, nowMs);
}

/** Whether it is meant for this alert, whatever the time. */
export function concerns(
  { matchers, measure, alert_type, alert_id }: Silence,
  event: Pick<AlertEvent, 'labels' | 'measure' | 'alert_type' | 'alert_id'>,
): boolean {
  return (
    (measure === undefined || measure === event.measure) &&
    (alert_type === undefined || alert_type === event.alert_type) &&
    (alert_id === undefined || alert_id === event.alert_id) &&
    Object.entries(matchers).every(([name, value]) => Object.hasOwn(event.labels, name) && event.labels[name] === value)
  );
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTime = (value: unknown): boolean => typeof value === 'string' && Number.isFinite(Date.parse(value));
const optional = (is: (value: unknown) => boolean, value: unknown): boolean => value === undefined || is(value);

/** Undefined for what no version of ours has written. */
export function parseSilence(record: string): Silence | undefined {
  const found = parseJson(record) as Partial<Silence> | null | undefined;
  if (typeof found !== 'object' || found === null) return undefined;
  const { matchers } = found;
  const isSound =
    isText(found.id) &&
    typeof matchers === 'object' &&
    matchers !== null &&
    !Array.isArray(matchers) &&
    // What names none of the four would silence everything.
    (Object.keys(matchers).length > 0 || [found.measure, found.alert_type, found.alert_id].some((value) => value !== undefined)) &&
    Object.values(matchers).every(isText) &&
    [found.measure, found.alert_type, found.alert_id, found.created_by].every((value) => optional(isText, value)) &&
    [found.starts_at, found.ends_at, found.created_at].every(isTime) &&
    optional(isTime, found.ended_at) &&
    isText(found.comment);
  return isSound ? (found as Silence) : undefined;
}
