/** A receiver of notifications that keeps when each came. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import type { Random } from '../../src/core/random.ts';
import { startServer } from '../http-server.ts';

export interface Listener {
  readonly origin: string;
  /** By dedup key; monotonic ms, in their order. */
  readonly told: ReadonlyMap<string, readonly number[]>;
}

/** Monotonic ms. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** It answers after a moment, so that some die while they wait for it. */
const ANSWER_MS = 60;

export async function startListener(t: TestContext, random: Random): Promise<Listener> {
  const told = new Map<string, number[]>();
  const { origin } = await startServer(t, ({ headers }, response) => {
    const key = String(headers['idempotency-key']);
    told.set(key, [...(told.get(key) ?? []), performance.now()]);
    void sleep(random.below(ANSWER_MS)).then(() => response.end());
  });
  return { origin, told };
}

/** Notifications that came once more, and those of them without a crash or takeover between the two (or so long before the first). */
export function repeats(
  { told }: Listener,
  faults: readonly Span[],
  beforeMs: number,
): { readonly count: number; readonly unexplained: string[] } {
  let count = 0;
  const unexplained: string[] = [];
  for (const [key, times] of told) {
    for (let i = 1; i < times.length; i++) {
      count += 1;
      const [first, second] = [times[i - 1]!, times[i]!];
      if (!faults.some(({ from, to }) => from < second && to > first - beforeMs)) unexplained.push(key);
    }
  }
  return { count, unexplained };
}
