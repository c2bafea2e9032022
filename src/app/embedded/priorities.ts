/**
 * Which of several pipelines in one process may read. One that is behind holds those of lower priority up to a batch now and then, so that
 * these go on slowly and their log keeps the rest; nothing is dropped. Among equals everybody reads in turn.
 */
import type { Clock } from '../../core/clock.ts';

export interface Lane {
  /** Told how many records are to be read, now and then. */
  behind(records: number): void;
  /** Whether it may read a batch now. Asked before each; where it says yes, the turn counts as taken. */
  mayRead(): boolean;
  /** Whether it gives way just now. */
  givesWay(): boolean;
  /** Reads no more: nobody gives way to it. */
  leave(): void;
}

export interface Priorities {
  /** Higher ones go first. */
  lane(priority: number): Lane;
}

/** So many records to read are backpressure: less is what comes in between two looks. */
const BEHIND_RECORDS = 5_000;
/** Who gives way still reads a batch this often. */
const TURN_EVERY_MS = 1_000;

export function createPriorities({ clock }: { readonly clock: Pick<Clock, 'elapsed'> }): Priorities {
  /** Records to read, by lane. */
  const waiting = new Map<Lane, { readonly priority: number; records: number }>();

  return {
    lane(priority) {
      const own = { priority, records: 0 };
      let lastTurn = -Infinity;
      const givesWay = (): boolean => [...waiting.values()].some((other) => other.priority > priority && other.records > BEHIND_RECORDS);
      const lane: Lane = {
        behind: (records) => void (own.records = records),
        givesWay,
        mayRead() {
          if (givesWay() && clock.elapsed() - lastTurn < TURN_EVERY_MS) return false;
          lastTurn = clock.elapsed();
          return true;
        },
        leave: () => void waiting.delete(lane),
      };
      waiting.set(lane, own);
      return lane;
    },
  };
}
