/**
 * Firing alerts that are a receiver's but not grave enough for it. Where one of them begins to speak for a graver alert, that one rings by itself: with the
 * speaker's next reminder both are one incident. Not kept over a restart: then the reminder tells it.
 */
import type { AlertEvent } from '../receivers/alert-event.ts';
import { gravityOf, isMatched, isTheirs, type Match } from '../receivers/match.ts';

export interface SlightAlerts {
  /** Takes in an event, in the order of the alerts topic, and gives it back: as nobody's part where it is graver than the slight alert that speaks for it. */
  read(event: AlertEvent): AlertEvent;
}

export function createSlightAlerts(match: Match | undefined): SlightAlerts {
  /** By alert id, how grave: as of its newest event. */
  const slight = new Map<string, number>();
  return {
    read(event) {
      const { alert_id: id, status, part_of: speaker } = event;
      if (status === 'firing' && isTheirs(match, event) && !isMatched(match, event)) slight.set(id, gravityOf(event));
      else slight.delete(id);
      const than = speaker === undefined ? undefined : slight.get(speaker);
      if (than === undefined || gravityOf(event) <= than) return event;
      const { part_of: _, ...alone } = event;
      return alone;
    },
  };
}
