/**
 * What is told once alone has no reminder that would ring where its delivery failed: the end of an alert, and an alert on a limit. It waits, and is
 * tried again.
 */
import type { Clock } from '../core/clock.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';

export interface SecondTries {
  /**
   * Of those that wait the ones to be tried now: what failed no less than a minute ago, or waits for another reason. While the receiver takes nothing
   * only one a minute, in turn.
   */
  due(waiting: Iterable<AlertEvent>): AlertEvent[];
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

export function isToldOnce({ status, detector }: Pick<AlertEvent, 'status' | 'detector'>): boolean {
  return status === 'resolved' || detector === 'limits';
}

/** @param outOfOrdernessMs so long the pipeline waits before it can know of an alert */
export function createSecondTries(clock: Clock, outOfOrdernessMs = 0): SecondTries {
  /** By alert id, when it failed or was put off; by `elapsed`. */
  const triedAt = new Map<string, number>();
  const failedIds = new Set<string>();
  /** When the receiver failed last, or was tried after that; undefined: it took what came last. */
  let failedAt: number | undefined;
  let probe: string | undefined;
  const isOver = (at: number | undefined): boolean => at === undefined || clock.elapsed() - at >= AGAIN_AFTER_MS;

  const isWorthIt = ({ alert_time: time }: AlertEvent): boolean => clock.now() - Date.parse(time) <= WORTH_IT_MS + outOfOrdernessMs;

  return {
    due(waiting) {
      if (!isOver(failedAt)) return [];
      const ready = [...waiting].filter(({ alert_id: id }) => isOver(triedAt.get(id)));
      if (failedAt === undefined) return ready;
      const [first] = ready;
      if (!first) return [];
      failedAt = clock.elapsed();
      probe = first.alert_id;
      return [first];
    },
    isResting: (id) => failedAt !== undefined && probe !== id,
    hasFailed: (id) => failedIds.has(id),
    isWorthIt,
    postpone: (id) => void triedAt.set(id, clock.elapsed()),
    failed(event) {
      failedAt = clock.elapsed();
      probe = undefined;
      if (!isToldOnce(event)) return;
      triedAt.set(event.alert_id, failedAt);
      failedIds.add(event.alert_id);
    },
    taken: () => void (failedAt = undefined),
    forget(id) {
      triedAt.delete(id);
      failedIds.delete(id);
    },
  };
}
