/** The last events of a stream, kept as text for all its clients: each reads at its own pace, and resumes where it was. */
import type { Clock } from '../../core/clock.ts';
import type { AlertLocale } from '../../receivers/alert-event.ts';
import type { StreamEvents } from '../api.ts';

export interface EventRingConfig {
  /** Tells this ring's ids from those of an earlier process: it comes first in each. */
  readonly epoch: string;
  readonly maxEvents?: number;
  /** UTF-16 units of text. */
  readonly maxChars?: number;
}

export interface EventRing {
  /** Whether anybody listens, or did a moment ago and may come back. What nobody hears is neither written out nor kept. */
  isHeard(): boolean;
  /** `said`: the same in the words of a language, for clients that want those. */
  publish<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name], said?: Said<StreamEvents[Name]>): void;
  /** Number of the next event: where a client that comes now begins. */
  readonly next: number;
  /** Number of the event after this `Last-Event-ID`; undefined where what followed it is no longer kept. */
  resume(lastEventId: string): number | undefined;
  /** The event as it goes over the wire; undefined where it is not kept any more, or not there yet. */
  textAt(number: number, lang?: AlertLocale): string | undefined;
  /** An id that leads back to `next`. */
  currentId(): string;
  /** `wake` is called when there is something new. Returns what ends that. */
  join(wake: () => void): () => void;
  readonly clients: number;
}

export type Said<Data> = Readonly<Partial<Record<AlertLocale, Data>>>;

/** A client that was cut off comes back within this time, ms. */
const MEMORY_MS = 60_000;

export function createEventRing(config: EventRingConfig, { clock }: { clock: Clock }): EventRing {
  const { epoch, maxEvents = 10_000, maxChars = 32 << 20 } = config;
  const listeners = new Set<() => void>();
  let lastLeft = -Infinity;
  /** Event `number` stands at `number - first`. */
  let texts: string[] = [];
  /** By number: those few that are said in several languages. */
  const others = new Map<number, Said<string>>();
  let first = 1;
  let dropped = 0;
  let chars = 0;

  const next = (): number => first + texts.length - dropped;
  const isHeard = (): boolean => listeners.size > 0 || clock.elapsed() - lastLeft < MEMORY_MS;

  function dropFirst(): void {
    chars -= texts[dropped]!.length + charsOf(others.get(first));
    texts[dropped++] = '';
    others.delete(first++);
    // Cut off in large pieces: taking one from the front moves all the others.
    if (dropped > 1_024 && dropped * 2 > texts.length) {
      texts = texts.slice(dropped);
      dropped = 0;
    }
  }

  return {
    isHeard,
    publish(name, data, said = {}) {
      if (!isHeard()) {
        // A gap: whoever comes back from before it has to begin anew.
        first = next() + 1;
        texts = [];
        others.clear();
        dropped = 0;
        chars = 0;
        return;
      }
      const number = next();
      const textOf = (one: unknown): string => `event: ${name}\nid: ${epoch}-${number}\ndata: ${JSON.stringify(one)}\n\n`;
      const text = textOf(data);
      const other = Object.entries(said).map(([lang, one]) => [lang, textOf(one)] as const);
      if (other.length > 0) others.set(number, Object.fromEntries(other));
      texts.push(text);
      chars += text.length + charsOf(others.get(number));
      while (texts.length - dropped > maxEvents || (chars > maxChars && texts.length - dropped > 1)) dropFirst();
      for (const wake of listeners) wake();
    },
    get next() {
      return next();
    },
    resume(lastEventId) {
      const [, from, digits] = /^(.+)-(\d{1,15})$/.exec(lastEventId) ?? [];
      const after = Number(digits) + 1;
      return from === epoch && after >= first && after <= next() ? after : undefined;
    },
    textAt(number, lang) {
      if (number < first) return undefined;
      return (lang && others.get(number)?.[lang]) ?? texts[number - first + dropped];
    },
    currentId: () => `${epoch}-${next() - 1}`,
    join(wake) {
      listeners.add(wake);
      return () => {
        if (listeners.delete(wake)) lastLeft = clock.elapsed();
      };
    },
    get clients() {
      return listeners.size;
    },
  };
}

function charsOf(said: Said<string> = {}): number {
  return Object.values(said).reduce((sum, text) => sum + text.length, 0);
}
