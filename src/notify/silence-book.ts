/** The silences of a pipeline, as the records of its topic tell of them. */
import type { AlertEvent } from '../receivers/alert-event.ts';
import { concerns, parseSilence, statusOf, type Silence } from './silence.ts';

export interface SilenceBook {
  /** A record of the topic, in its order. False: it is none of ours, and is left out. */
  take(record: string): boolean;
  get(id: string): Silence | undefined;
  /** Of those that hold now for this alert the one that ends last; `nowMs`: the wall clock, epoch ms. */
  holding(event: AlertEvent, nowMs: number): Silence | undefined;
  /** The newest first. */
  all(): readonly Silence[];
}

/** Beyond it the oldest are forgotten; so many do not fall together (`SILENCES_MAX`). */
const KEPT_MAX = 10_000;

export function createSilenceBook(): SilenceBook {
  const silences = new Map<string, Silence>();
  return {
    take(record) {
      const silence = parseSilence(record);
      if (!silence) return false;
      silences.set(silence.id, silence);
      const [oldest] = silences.keys();
      if (silences.size > KEPT_MAX && oldest !== undefined) silences.delete(oldest);
      return true;
    },
    get: (id) => silences.get(id),
    holding(event, nowMs) {
      let last: Silence | undefined;
      for (const silence of silences.values()) {
        if (statusOf(silence, nowMs) !== 'active' || !concerns(silence, event)) continue;
        if (!last || Date.parse(silence.ends_at) > Date.parse(last.ends_at)) last = silence;
      }
      return last;
    },
    all: () => [...silences.values()].reverse(),
  };
}
