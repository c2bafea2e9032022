/**
 * What is told once alone has no reminder that would ring where its delivery failed: the end of an alert, an alert on a limit, and what an
 * experiment has decided. It waits, and is tried again.
 */
import type { Clock } from '../core/clock.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';

export interface SecondTries {
  /**
   * Of those that wait the ones to be tried now: what failed no less than a minute ago, or waits for another reason. While the receiver takes nothing
   * only one a minute, in turn with `others`, which are asked for next: it is left to one of them that has waited longer.
   */
  due(waiting: Iterable<AlertEvent>, others?: () => Iterable<AlertEvent>): AlertEvent[];
  /** Of those that are to be tried: the receiver has failed meanwhile, and another one is to find out whether it is back. */
  isResting(id: string): boolean;
  hasFailed(id: string): boolean;
  /** Whether a failure is to be followed by another try. */
  isWorthIt(event: AlertEvent): boolean;
  /** It is not tried again within a minute. */
  postpone(id: string): void;
  failed(event: AlertEvent): void;
  /** The receiver took something. */
  taken(): void;
  /** It waits no more. */
  forget(id: string): void;
}

const AGAIN_AFTER_MS = 60_000;
/** Older ones are given up for good. */
const WORTH_IT_MS = 86_400_000;
/** Of how many is known when they were tried; of those that waited longer before that it is forgotten. */
const KNOWN_MAX = 10_000;

/** Detectors whose alerts have no reminders. */
const WITHOUT_REMINDERS: ReadonlySet<string> = new Set(['limits', 'experiment']);

export function isToldOnce({ status, detector }: Pick<AlertEvent, 'status' | 'detector'>): boolean {
  return status === 'resolved' || WITHOUT_REMINDERS.has(detector);
}

/** @param outOfOrdernessMs so long the pipeline waits before it can know of an alert */
export function createSecondTries(clock: Clock, outOfOrdernessMs = 0): SecondTries {
  /** By alert id, when it failed or was put off, by `elapsed`; the newest last. */
  const tries = new Map<string, { readonly at: number; readonly hasFailed: boolean }>();
  /** When the receiver failed last, or was tried after that; undefined: it took what came last. */
  let failedAt: number | undefined;
  let probe: string | undefined;
  let isLeftToOthers = false;
  const isOver = (at: number | undefined): boolean => at === undefined || clock.elapsed() - at >= AGAIN_AFTER_MS;

  function note(id: string, hasFailed: boolean): void {
    tries.delete(id);
    tries.set(id, { at: clock.elapsed(), hasFailed });
    const [oldest] = tries.keys();
    if (tries.size > KNOWN_MAX && oldest !== undefined) tries.delete(oldest);
  }

  /** Not tried in the last minute, those that have waited longest first. */
  function readyOf(waiting: Iterable<AlertEvent>): { readonly event: AlertEvent; readonly at: number }[] {
    return [...waiting]
      .map((event) => ({ event, at: tries.get(event.alert_id)?.at ?? -Infinity }))
      .filter(({ at }) => clock.elapsed() - at >= AGAIN_AFTER_MS)
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  const isWorthIt = ({ alert_time: time }: AlertEvent): boolean => clock.now() - Date.parse(time) <= WORTH_IT_MS + outOfOrdernessMs;

  return {
    due(waiting, others = () => []) {
      if (!isOver(failedAt)) return [];
      const ready = readyOf(waiting);
      const [first] = ready;
      if (failedAt === undefined || !first) return ready.map(({ event }) => event);
      const [other] = isLeftToOthers ? [] : readyOf(others());
      isLeftToOthers = other !== undefined && other.at < first.at;
      if (isLeftToOthers) return [];
      failedAt = clock.elapsed();
      probe = first.event.alert_id;
      return [first.event];
    },
    isResting: (id) => failedAt !== undefined && !isOver(failedAt) && probe !== id,
    hasFailed: (id) => tries.get(id)?.hasFailed === true,
    isWorthIt,
    postpone: (id) => note(id, tries.get(id)?.hasFailed === true),
    failed(event) {
      failedAt = clock.elapsed();
      probe = undefined;
      if (isToldOnce(event)) note(event.alert_id, true);
    },
    taken: () => void (failedAt = undefined),
    forget: (id) => void tries.delete(id),
  };
}
