/**
 * Rings when reading is too far behind for too long, again each `cooldown` while it is, and once more when it is back. Its verdict is about now,
 * so it follows from no log; what it told is recorded in `p.alerts`, and its state beside the rest, so that a restart in between neither rings
 * again, nor forgets the end, nor moves a reminder.
 */
import type { Clock } from '../core/clock.ts';
import { atOnce } from '../core/slices.ts';
import type { Log } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { appendAlerts } from './appends.ts';
import type { TotalLag } from './lag.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

/** The file's `lag`. */
export interface LagLimit {
  /** Fires above so many records over all partitions, or ms of event time in any of them. */
  readonly above: number;
  readonly unit: 'records' | 'ms';
  /** It has to be above, or within the limit again, for so long, ms. */
  readonly forMs: number;
}

/** Times in epoch ms. */
export interface LagState {
  readonly status: 'pending' | 'firing' | 'recovering';
  /** Since when it is above the limit: part of the alert's id. */
  readonly since: number;
  /** Since when it is within the limit again. */
  readonly calmSince?: number;
  /** As it was told last. */
  readonly told?: AlertEvent;
}

/**
 * As it is stored. `rang`: when it rang last outside the cooldown, epoch ms; absent: it has not, or that was not noted yet. `resting`: no
 * episode is on, and one that begins now begins within the cooldown.
 */
type StoredLag = (LagState | { readonly status: 'resting' }) & { readonly rang?: number };

export interface LagMove {
  readonly state: LagState | undefined;
  readonly change?: 'fired' | 'resolved';
}

/** `now`: epoch ms. */
export function advanceLag(state: LagState | undefined, isAbove: boolean, now: number, forMs: number): LagMove {
  if (state === undefined || state.status === 'pending') {
    if (!isAbove) return { state: undefined };
    const since = state?.since ?? now;
    if (now - since < forMs) return { state: state ?? { status: 'pending', since } };
    return { state: { status: 'firing', since }, change: 'fired' };
  }
  const { calmSince: before, ...firing } = state;
  if (isAbove) return { state: state.status === 'firing' ? state : { ...firing, status: 'firing' } };
  const calmSince = before ?? now;
  if (now - calmSince >= forMs) return { state: undefined, change: 'resolved' };
  return { state: state.status === 'recovering' ? state : { ...state, status: 'recovering', calmSince } };
}

export interface LagWatchConfig {
  readonly pipeline: string;
  /** The pipeline's alerts. */
  readonly topic: string;
  /** Undefined: nothing is watched; what still fires from before ends. */
  readonly limit: LagLimit | undefined;
  /** While it fires a reminder comes after so long, and none before, ms. */
  readonly repeatAfterMs: number;
}

export interface LagWatchDeps {
  readonly log: Pick<Log, 'state' | 'commit'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly measure: () => Promise<TotalLag>;
  readonly alert: (lag: TotalLag, at: LagAlertAt) => AlertEvent;
}

/** Times are epoch ms. */
export interface LagAlertAt {
  readonly since: number;
  readonly now: number;
  readonly status: 'firing' | 'resolved';
  /** Which reminder this is, 0 for none. */
  readonly repeat: number;
  /** As the alert was told last; absent where it begins. */
  readonly told?: AlertEvent;
}

export interface LagWatch {
  /** About once a second. Resolves to what it told, which is durable then. */
  tick(): Promise<AlertEvent | undefined>;
}

const PREFIX = 'lag-alert/';

/** Goes on with the state of an earlier life. */
export async function openLagWatch(config: LagWatchConfig, deps: LagWatchDeps): Promise<LagWatch> {
  const { pipeline, topic, limit, repeatAfterMs } = config;
  const { log, clock } = deps;
  const entries = fromStateEntries(PREFIX, await log.state(PREFIX + pipeline));
  const stored = entries.find(([key]) => key === pipeline)?.[1] as StoredLag | undefined;
  let state = episodeOf(stored);
  /** A new episode within the cooldown has its first reminder when that is over, as receivers were told of the one before. */
  let rang = stored?.rang ?? (state?.told && Date.parse(state.told.alert_time));

  function eventOf(lag: TotalLag, now: number, change: LagMove['change'] | 'repeated'): AlertEvent | undefined {
    if (change === undefined) return undefined;
    const told = state?.told;
    const repeat = change === 'repeated' ? (told?.repeat ?? 0) + 1 : 0;
    const status = change === 'resolved' ? 'resolved' : 'firing';
    return deps.alert(lag, { since: state?.since ?? now, now, status, repeat, ...(told && { told }) });
  }

  return {
    async tick() {
      if (limit === undefined && state === undefined && rang === undefined) return undefined;
      const lag = await deps.measure();
      const now = clock.now();
      const observed = limit?.unit === 'ms' ? lag.behindMs : lag.records;
      const moved = advanceLag(state, limit !== undefined && observed > limit.above, now, limit?.forMs ?? 0);
      const isDue = rang === undefined || now - rang >= repeatAfterMs;
      const change = moved.change ?? (moved.state?.status === 'firing' && isDue ? 'repeated' : undefined);
      const isFiring = change === 'fired' || change === 'repeated';
      const isOver = isDue && moved.state === undefined;
      const nextRang = isDue && isFiring ? now : isOver ? undefined : rang;
      if (moved.state === state && change === undefined && nextRang === rang) return undefined;
      const event = eventOf(lag, now, change);
      const next = moved.state && event ? { ...moved.state, told: event } : moved.state;
      await log.commit({
        appends: event ? atOnce(appendAlerts(topic, [event])) : [],
        state: toStateChanges(PREFIX, [[pipeline, storedLag(next, nextRang)]]),
      });
      state = next;
      rang = nextRang;
      return event;
    },
  };
}

/** Null: there is nothing to store. */
function storedLag(state: LagState | undefined, rang: number | undefined): StoredLag | null {
  if (rang === undefined) return state ?? null;
  return { ...(state ?? { status: 'resting' }), rang };
}

function episodeOf(stored: StoredLag | undefined): LagState | undefined {
  if (stored === undefined || stored.status === 'resting') return undefined;
  const { rang: _, ...state } = stored;
  return state;
}
