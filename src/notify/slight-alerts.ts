/**
 * Firing alerts that are a receiver's but not grave enough for it. Where one of them begins to speak for a graver alert, that one rings by itself: with the
 * speaker's next reminder both are one incident. Not kept over a restart: then the reminder tells it.
 */
import type { AlertEvent } from '../receivers/alert-event.ts';
import { gravityOf, isMatched, isTheirs, type Match } from '../receivers/match.ts';

export interface SlightAlerts {
  /** Takes in an event, in the order of the alerts topic. */
  read(event: AlertEvent): void;
  /** The alert that speaks for this one was not grave enough, and this one is graver. */
  isOutweighed(event: AlertEvent): boolean;
}

export function createSlightAlerts(match: Match | undefined): SlightAlerts {
  /** By alert id, how grave: as of its newest event. */
  const slight = new Map<string, number>();
  return {
    read(event) {
      const { alert_id: id, status } = event;
      if (status === 'firing' && isTheirs(match, event) && !isMatched(match, event)) slight.set(id, gravityOf(event));
      else slight.delete(id);
    },
    isOutweighed(event) {
      const speaker = slight.get(event.part_of ?? '');
      return speaker !== undefined && gravityOf(event) > speaker;
    },
  };
}
