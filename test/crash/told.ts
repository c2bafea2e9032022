/** A receiver of notifications that keeps when each came and from whom, and who of those may have sent what it could not note. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import type { Random } from '../../src/core/random.ts';
import { startServer } from '../support/http-server.ts';

/** One notification, as it came in; monotonic ms. */
export interface Telling {
  readonly worker: string;
  readonly at: number;
}

export interface Listener {
  /** What comes after it names the worker. */
  readonly origin: string;
  /** By dedup key, in their order. */
  readonly told: ReadonlyMap<string, readonly Telling[]>;
}

/** The end of a worker's time as the notifier; monotonic ms. */
export interface TermEnd {
  readonly worker: string;
  /** `stop`: it had to end, on a machine so busy that it had no time to note what it had sent, and it said so. */
  readonly why: 'kill' | 'pause' | 'takeover' | 'stop';
  /** When it was killed or paused, or said it. */
  readonly from: number;
  /** Until when what it had sent before might come in. */
  readonly to: number;
}

/** Nothing could be noted meanwhile, nor heard; monotonic ms. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

/** It answers after a moment, so that some die while they wait for it. */
const ANSWER_MS = 300;
/** Between sending and having noted it, on a machine that is busy. */
const NOTE_MS = 3_000;
/** From the network of the machine to the listener. */
const ARRIVAL_MS = 1_000;
/** Who is asked to stop may send, and wait for its notes, for so long before it says that it has to end. */
const STOP_MS = 5_000;

export async function startListener(t: TestContext, random: Random): Promise<Listener> {
  const told = new Map<string, Telling[]>();
  const { origin } = await startServer(t, ({ headers, path }, response) => {
    const key = String(headers['idempotency-key']);
    told.set(key, [...(told.get(key) ?? []), { worker: path.slice(1), at: performance.now() }]);
    void sleep(random.below(ANSWER_MS)).then(() => response.end());
  });
  return { origin, told };
}

/** Takes down when this process, and so most likely the whole machine, stood still. */
export function noteStalls(t: TestContext, stalls: Outage[]): void {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - last > LOOK_MS + STALL_MS) stalls.push({ from: last, to: now });
    last = now;
  }, LOOK_MS);
  t.after(() => clearInterval(timer));
}

const LOOK_MS = 50;
const STALL_MS = 150;

/**
 * Notifications that came more than once, each held against the ends of its own sender's time: all tellings but one must be such that their
 * sender was killed, paused or replaced before it can have noted them. `sessionMs`: so long it may take to hear that one was replaced.
 */
export function repeats(
  told: Listener['told'],
  { ends, outages, sessionMs }: { readonly ends: readonly TermEnd[]; readonly outages: readonly Outage[]; readonly sessionMs: number },
): { readonly counts: Record<TermEnd['why'], number>; readonly unexplained: readonly string[] } {
  const counts = { kill: 0, pause: 0, takeover: 0, stop: 0 };
  const unexplained: string[] = [];
  const inOrder = outages.toSorted((a, b) => a.from - b.from);

  function notNoted({ worker, at }: Telling): TermEnd | undefined {
    return ends.find(({ worker: whose, why, from, to }) => {
      if (whose !== worker || at - to - awayIn(to, at) > ARRIVAL_MS) return false;
      return from - at - awayIn(at, from) <= NOTE_MS + (why === 'takeover' ? sessionMs : why === 'stop' ? STOP_MS : 0);
    });
  }

  function awayIn(begin: number, end: number): number {
    let [sum, seen] = [0, begin];
    for (const outage of inOrder) {
      const [from, to] = [Math.max(outage.from, seen), Math.min(outage.to, end)];
      if (to <= from) continue;
      sum += to - from;
      seen = to;
    }
    return sum;
  }

  for (const [key, tellings] of told) {
    let extra = tellings.length - 1;
    for (const telling of tellings) {
      const end = extra > 0 ? notNoted(telling) : undefined;
      if (!end) continue;
      counts[end.why] += 1;
      extra -= 1;
    }
    if (extra > 0) unexplained.push(`${key}: ${tellings.map(({ worker, at }) => `by ${worker} at ${at.toFixed(0)}`).join(', ')}`);
  }
  return { counts, unexplained };
}
