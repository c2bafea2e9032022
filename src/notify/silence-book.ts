/** The silences of a pipeline, as the records of its topic tell of them. */
import type { AlertEvent } from '../receivers/alert-event.ts';
import { concerns, parseSilence, type Silence } from './silence.ts';

export interface SilenceBook {
  /** A record of the topic, in its order. False: it is none of ours, and is left out. */
  take(record: string): boolean;
  get(id: string): Silence | undefined;
  /** Of those that hold now for this alert the one that ends last; `nowMs`: the wall clock, epoch ms. */
  holding(event: AlertEvent, nowMs: number): Silence | undefined;
  /** The newest first. */
  all(): readonly Silence[];
}

/** Asked for each alert and receiver, and often for what waits: times are read once, epoch ms. */
interface Known {
  readonly silence: Silence;
  readonly startMs: number;
  readonly endMs: number;
}

/** Beyond it the oldest are forgotten; so many do not fall together (`SILENCES_MAX`). */
const KEPT_MAX = 10_000;

export function createSilenceBook(): SilenceBook {
  const silences = new Map<string, Known>();
  return {
    take(record) {
      const silence = parseSilence(record);
      if (!silence) return false;
      const { id, starts_at, ends_at, ended_at } = silence;
      silences.set(id, { silence, startMs: Date.parse(starts_at), endMs: Date.parse(ended_at ?? ends_at) });
      const [oldest] = silences.keys();
      if (silences.size > KEPT_MAX && oldest !== undefined) silences.delete(oldest);
      return true;
    },
    get: (id) => silences.get(id)?.silence,
    holding(event, nowMs) {
      let last: Known | undefined;
      for (const known of silences.values()) {
        if (nowMs < known.startMs || nowMs >= known.endMs || (last && known.endMs <= last.endMs)) continue;
        if (concerns(known.silence, event)) last = known;
      }
      return last?.silence;
    },
    all: () => [...silences.values()].map(({ silence }) => silence).reverse(),
  };
}
