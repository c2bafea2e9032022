/** Which alert is the simulated break's own: one for a window of which little was broken rang by chance, or for something else. */
import type { Episode } from '../../alerts/episodes.ts';
import type { Plan } from './plan.ts';

/** Epoch ms, `to` not included. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Rang {
  readonly alert: Episode;
  /** Of its windows in breach, how much of the most broken one was: 0 to 1. */
  readonly brokenShare: number;
  /** It fired before anything was broken. */
  readonly isOlder: boolean;
}

export interface Found {
  /** Rang for the break; undefined: nothing did. */
  readonly found: Rang | undefined;
  /** Of the type and segment that were meant, but its windows were broken too little, or it fired before. */
  readonly uncounted: Rang | undefined;
}

/** So much of a window (of the break, where that is shorter) has to be broken. */
const SHARE_LEAST = 0.5;

/** `allClosed`: the windows that the break touches are final, so an alert that still fires fired in each of them. */
export function findAlert(alerts: readonly Episode[], plan: Plan, broken: Span, allClosed: boolean): Found {
  const { windowMs } = plan.detection;
  const least = SHARE_LEAST * Math.min(1, (broken.toMs - broken.fromMs) / windowMs);
  const meant = alerts.filter((alert) => isMeant(alert, plan));
  const rang = meant.map((alert) => ({
    alert,
    brokenShare: shareOf(alert, plan, broken, allClosed),
    isOlder: Date.parse(alert.window_end) <= broken.fromMs,
  }));
  const counts = ({ brokenShare, isOlder }: Rang): boolean => !isOlder && brokenShare > 0 && brokenShare >= least;
  const found = rang.find(counts);
  return { found, uncounted: found ? undefined : rang[0] };
}

/** What else rang while it was broken: in the segments of the plans or what they are part of. What another alert speaks for is left out. */
export function othersOf(
  alerts: readonly Episode[],
  plans: readonly Plan[],
  broken: readonly Span[],
  results: readonly Found[],
): Episode[] {
  const told = new Set(results.flatMap(({ found, uncounted }) => [found?.alert.alert_id, uncounted?.alert.alert_id]));
  const isTouched = ({ labels, window_start: start, window_end: end }: Episode): boolean =>
    plans.some(({ segment }, i) => {
      const { fromMs, toMs } = broken[i]!;
      const own: Readonly<Record<string, string>> = { country: segment.country, ad_format: segment.ad_format };
      const isWithin = Object.entries(labels).every(([name, value]) => own[name] === value);
      return isWithin && Date.parse(end) > fromMs && Date.parse(start) < toMs;
    });
  return alerts.filter((alert) => alert.part_of === undefined && !told.has(alert.alert_id) && isTouched(alert));
}

function isMeant({ labels, alert_type: type }: Episode, { scenario, segment }: Plan): boolean {
  return type === scenario.alertType && labels['country'] === segment.country && labels['ad_format'] === segment.ad_format;
}

function shareOf(alert: Episode, { detection: { windowMs, slideMs } }: Plan, broken: Span, allClosed: boolean): number {
  const first = Date.parse(alert.window_start);
  const last = lastBreach(alert, slideMs, allClosed) - windowMs;
  let most = 0;
  for (let start = first; start <= last && start < broken.toMs; start += slideMs) {
    const overlap = Math.min(start + windowMs, broken.toMs) - Math.max(start, broken.fromMs);
    most = Math.max(most, overlap / windowMs);
  }
  return most;
}

/** End of the last window that is known to be in breach, epoch ms. */
function lastBreach({ window_end: end, resolved_time: resolved }: Episode, slideMs: number, allClosed: boolean): number {
  if (resolved !== null) return Math.max(Date.parse(end), Date.parse(resolved) - slideMs);
  return allClosed ? Infinity : Date.parse(end);
}
