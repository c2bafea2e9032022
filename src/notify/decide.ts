/** Whether a receiver is to be told of an alert event. */
import type { AlertEvent } from '../receivers/alert-event.ts';
import { isMatched } from '../receivers/match.ts';
import type { Receiver } from '../receivers/receiver.ts';
import type { Told } from './notification-log.ts';

/**
 * - `sent`
 * - `failed`: every attempt did; it counts as not told, and what is told once alone is tried again (second-tries.ts)
 * - `cooldown`: the segment's last alert of this type was told too recently
 * - `stale`: older than `newsForMs`, or a receiver elsewhere is owed it in a run that tells none; told by `settle` if it still fires when
 *   event time has caught up
 * - `recorded`: told before
 * - `not_local`: the past is replayed, and the receiver is not at this machine
 * - `folded`: another alert speaks for it, and the receiver was not told of it before
 * - `silenced`: it would have been told, but a silence holds; it counts as not told
 * - `unwanted`: no alert that the receiver's `match` takes, or the end of one that it was not told of
 */
export type Decision = 'sent' | 'failed' | 'cooldown' | 'stale' | 'recorded' | 'not_local' | 'folded' | 'silenced' | 'unwanted';

export interface DecideSettings {
  /** After a segment's alert of one type was told, the next of that type is not for this long, ms of event time. */
  readonly cooldownMs: number;
  /** An older alert is stale when it arises, ms between alert_time and the wall clock; undefined: told whatever its age. */
  readonly notifyWithinMs: number | undefined;
  /** So long the pipeline itself waits for events that come late, the largest of its sources, ms: no alert of a window is younger. Default 0. */
  readonly outOfOrdernessMs?: number;
  /** `local`: only receivers at this machine, for replays and `--once`; they are told whatever the age. */
  readonly audience: 'all' | 'local';
}

export interface Circumstances extends DecideSettings {
  /** The last alert of the same segment and type that the receiver was told of. */
  readonly told: Told | undefined;
  /** When the receiver was last told that this very alert fires, of which no end was told since: its alert_time, epoch ms. */
  readonly openMs: number | undefined;
  /** Another alert speaks for it. */
  readonly folded: boolean;
  /** A silence holds for the alert now. */
  readonly silenced: boolean;
  /** It arose before this run: an earlier one was to tell it. */
  readonly due: boolean;
  readonly nowMs: number;
}

/** Undefined: ring. */
export function objectionTo(event: AlertEvent, receiver: Pick<Receiver, 'local' | 'match'>, at: Circumstances): Decision | undefined {
  // Ends belong to who was told of the beginning, whatever has become of the alert or the file since.
  if (event.status === 'firing' && !isMatched(receiver.match, event)) return 'unwanted';
  const against = objectionToNews(event, at);
  if (!tellsNothing(receiver, at)) return against;
  // What it is owed waits for a run that tells it: what was due, and the end of what it was told of.
  const owed = at.due || event.status === 'resolved';
  if (owed && against === undefined) return 'stale';
  return at.due ? against : 'not_local';
}

/** Whether this run tells the receiver nothing at all. */
export function tellsNothing({ local }: Pick<Receiver, 'local'>, { audience }: DecideSettings): boolean {
  return audience === 'local' && !local;
}

function objectionToNews(event: AlertEvent, at: Circumstances): Decision | undefined {
  const { told, openMs, folded } = at;
  const toldMs = openMs ?? (told?.alertId === event.alert_id ? told.timeMs : undefined);
  if (event.status === 'resolved') {
    // Whoever speaks for it: what is open there is to be closed.
    if (openMs !== undefined) return undefined;
    if (toldMs !== undefined) return 'recorded';
    return folded ? 'folded' : 'unwanted';
  }
  const timeMs = Date.parse(event.alert_time);
  if (toldMs !== undefined && timeMs <= toldMs) return 'recorded';
  if (folded) return 'folded';
  if (told && timeMs - told.timeMs < at.cooldownMs) return 'cooldown';
  if (!isWithin(timeMs, at.nowMs, at)) return 'stale';
  // Asked last, so that what is silenced is what nothing else would have kept back.
  return at.silenced ? 'silenced' : undefined;
}

export function isWithin(timeMs: number, nowMs: number, settings: DecideSettings): boolean {
  return settings.audience === 'local' || nowMs - timeMs <= newsForMs(settings);
}

/** How old an alert may be and still be news, ms: what the pipeline waited before it could know does not count. */
export function newsForMs({ notifyWithinMs = Infinity, outOfOrdernessMs = 0 }: DecideSettings): number {
  return notifyWithinMs + outOfOrdernessMs;
}

/** That reading is behind is told by the clock, and is so while event time is not caught up with. */
export function ringsByClock({ detector }: AlertEvent): boolean {
  return detector === 'lag';
}
