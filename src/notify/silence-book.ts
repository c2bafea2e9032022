/** The silences of a pipeline, as the records of its topic tell of them. */
import type { AlertEvent } from '../receivers/alert-event.ts';
import { SILENCES_MAX } from './silence-request.ts';
import { concerns, parseSilence, statusAt, timesOf, type Silence, type SilenceTimes } from './silence.ts';

export interface SilenceBook {
  /** A record of the topic, in its order. False: it is none of ours, and is left out. `nowMs`: the wall clock, epoch ms. */
  take(record: string, nowMs: number): boolean;
  /** The same object as long as no newer record of it came. */
  get(id: string): Silence | undefined;
  /** Of those that hold now for this alert the one that ends last; `nowMs`: the wall clock, epoch ms. */
  holding(event: AlertEvent, nowMs: number): Silence | undefined;
  /** The newest first. */
  all(): readonly Silence[];
}

/** Asked for each alert and receiver, and often for what waits: times are read once, epoch ms. */
interface Known extends SilenceTimes {
  readonly silence: Silence;
}

/** Beyond it the oldest that is over is forgotten; of those that are not there are fewer (`SILENCES_MAX`). */
const KEPT_MAX = 10_000;

export function createSilenceBook(): SilenceBook {
  const silences = new Map<string, Known>();
  /** The one that ends last first, so that nobody walks through those that are over; made when asked for. */
  let byEnd: readonly Known[] | undefined;

  function forgetOne(nowMs: number): void {
    const [oldest] = silences.keys();
    let left = SILENCES_MAX;
    for (const [id, known] of silences) {
      if (statusAt(known, nowMs) === 'ended') return void silences.delete(id);
      // Whoever else writes there cannot make it grow without end, nor each of theirs cost a walk through all.
      if (left-- === 0) break;
    }
    if (oldest !== undefined) silences.delete(oldest);
  }

  return {
    take(record, nowMs) {
      const silence = parseSilence(record);
      if (!silence) return false;
      silences.set(silence.id, { silence, ...timesOf(silence) });
      byEnd = undefined;
      if (silences.size > KEPT_MAX) forgetOne(nowMs);
      return true;
    },
    get: (id) => silences.get(id)?.silence,
    holding(event, nowMs) {
      byEnd ??= [...silences.values()].sort((a, b) => b.endMs - a.endMs);
      for (const { silence, startMs, endMs } of byEnd) {
        // So is all behind it.
        if (nowMs >= endMs) return undefined;
        if (nowMs >= startMs && concerns(silence, event)) return silence;
      }
      return undefined;
    },
    all: () => [...silences.values()].map(({ silence }) => silence).reverse(),
  };
}
