/**
 * Rings when reading is too far behind for too long, and once more when it is back. Its verdict is about now, so it follows from no log;
 * what it told is recorded in `p.alerts`, and its state beside the rest, so that a restart in between neither rings again nor forgets the end.
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
  /** As it was told. */
  readonly told?: AlertEvent;
}

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
}

export interface LagWatchDeps {
  readonly log: Pick<Log, 'state' | 'commit'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly measure: () => Promise<TotalLag>;
  /** `told`: as the alert was told, for its end. Times are epoch ms. */
  readonly alert: (lag: TotalLag, at: { since: number; now: number; told?: AlertEvent }) => AlertEvent;
}

export interface LagWatch {
  /** About once a second. Resolves to what it told, which is durable then. */
  tick(): Promise<AlertEvent | undefined>;
}

const PREFIX = 'lag-alert/';

/** Goes on with the state of an earlier life. */
export async function openLagWatch(config: LagWatchConfig, deps: LagWatchDeps): Promise<LagWatch> {
  const { pipeline, topic, limit } = config;
  const { log, clock } = deps;
  const entries = fromStateEntries(PREFIX, await log.state(PREFIX + pipeline));
  let state = entries.find(([key]) => key === pipeline)?.[1] as LagState | undefined;

  return {
    async tick() {
      if (limit === undefined && state === undefined) return undefined;
      const lag = await deps.measure();
      const now = clock.now();
      const observed = limit?.unit === 'ms' ? lag.behindMs : lag.records;
      const moved = advanceLag(state, limit !== undefined && observed > limit.above, now, limit?.forMs ?? 0);
      if (moved.state === state) return undefined;
      const told = state?.told;
      const event =
        moved.change === undefined
          ? undefined
          : deps.alert(lag, { since: state?.since ?? now, now, ...(moved.change === 'resolved' && told && { told }) });
      const next = moved.change === 'fired' ? { ...moved.state!, told: event! } : moved.state;
      await log.commit({
        appends: event ? atOnce(appendAlerts(topic, [event])) : [],
        state: toStateChanges(PREFIX, [[pipeline, next ?? null]]),
      });
      state = next;
      return event;
    },
  };
}
