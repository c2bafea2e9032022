/** By which silence an alert is kept back. Long lists of them are gone through often, so what is known is asked again only when it may have changed. */
import type { Clock } from '../core/clock.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { SilenceBook } from './silence-book.ts';
import { timesOf, type Silence } from './silence.ts';

export interface KnownSilences {
  /** The one that holds for this event now. Ends are told to whoever was told of the beginning: they close what is open there. */
  holding(event: AlertEvent): Silence | undefined;
  /** The one that holds, or that was known last to hold; to be known until it is over or changed. */
  known(event: AlertEvent): Silence | undefined;
  isSilenced(event: AlertEvent): boolean;
  /** Of those that wait and are meant some that are silenced no more; for the others is asked the next time. */
  notSilenced(waiting: Iterable<AlertEvent>, isMeant: (event: AlertEvent) => boolean): AlertEvent[];
}

/** Alerts for which is asked at once whether a silence holds. */
const ASKED_MAX = 1_000;

export function createKnownSilences(silences: Pick<SilenceBook, 'holding' | 'get'>, clock: Pick<Clock, 'now'>): KnownSilences {
  const known = new WeakMap<AlertEvent, { readonly silence: Silence; readonly endMs: number }>();

  function holding(event: AlertEvent): Silence | undefined {
    return event.status === 'firing' ? silences.holding(event, clock.now()) : undefined;
  }

  function isSilenced(event: AlertEvent): boolean {
    const silence = holding(event);
    if (silence) known.set(event, { silence, endMs: timesOf(silence).endMs });
    return silence !== undefined;
  }

  /** The one by which it was is neither over nor another by now. */
  function isStillSilenced(event: AlertEvent): boolean {
    const by = known.get(event);
    return by !== undefined && clock.now() < by.endMs && silences.get(by.silence.id) === by.silence;
  }

  return {
    holding,
    isSilenced,
    known(event) {
      isSilenced(event);
      return known.get(event)?.silence;
    },
    notSilenced(waiting, isMeant) {
      const found: AlertEvent[] = [];
      let asked = 0;
      for (const event of waiting) {
        if (!isMeant(event) || isStillSilenced(event)) continue;
        if (!isSilenced(event)) found.push(event);
        asked += 1;
        if (asked === ASKED_MAX) break;
      }
      return found;
    },
  };
}
