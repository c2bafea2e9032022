/** Reads a pipeline's inputs and commits what they yield, at a pace that leaves time for everything else. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sleep, type Clock } from '../../core/clock.ts';
import type { Engine } from '../../pipeline/engine.ts';
import type { Lane } from './priorities.ts';

export interface ReadLoopConfig {
  /** Returns when all is read that was fed. */
  readonly once: boolean;
  /** How often windows are merged, shown and committed while events come in; default: 250 ms. */
  readonly commitEveryMs?: number | undefined;
}

export interface ReadLoopDeps {
  /** The one of the life that is on: it changes with `move`. */
  readonly engine: () => Pick<Engine, 'step' | 'hasNews' | 'pendingBytes'>;
  readonly commit: () => Promise<{ readonly provisional: { readonly length: number } }>;
  readonly lane: Pick<Lane, 'mayRead'>;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Told of every reading: records. */
  readonly isTimeToMove: (read: number) => boolean;
  /** Opens the engine anew on its last commit. */
  readonly move: () => Promise<void>;
}

const TICK_MS = 250;
/**
 * Where thousands of segments change all the time it is done less often: after each row that was shown so long a rest, ms, which is some
 * four times what the row takes; so the larger part of the time is for reading and for requests. Never more rarely than so, ms.
 */
const REST_MS_PER_ROW = 0.04;
const REST_MS_MOST = 1_000;
/** How long the loop sleeps when there is nothing to read. */
const POLL_MS = 25;
/** Dead letters wait for a commit up to here. */
const PENDING_BYTES_MAX = 8 << 20;

/** Until the signal, or (`once`) until everything is read and `fed()`. */
export async function readAll(config: ReadLoopConfig, deps: ReadLoopDeps, signal: AbortSignal, fed: () => boolean): Promise<void> {
  const { once, commitEveryMs = TICK_MS } = config;
  const { engine, commit, lane, clock } = deps;
  let committedAt = clock.elapsed();
  let restMs = 0;

  async function commitWhenDue(nothingToRead: boolean): Promise<void> {
    if (!engine().hasNews()) return;
    const since = clock.elapsed() - committedAt;
    const isDue = since >= Math.max(commitEveryMs, restMs) || engine().pendingBytes > PENDING_BYTES_MAX;
    const isIdle = nothingToRead && !once && since >= restMs;
    if (!isDue && !isIdle) return;
    const { provisional } = await commit();
    committedAt = clock.elapsed();
    restMs = Math.min(REST_MS_MOST, provisional.length * REST_MS_PER_ROW);
  }

  while (!signal.aborted) {
    // Asked before reading: what is fed after an empty read is read in the next round.
    const everythingFed = fed();
    const mayRead = lane.mayRead();
    const read = mayRead ? await engine().step() : 0;
    await commitWhenDue(mayRead && read === 0);
    if (deps.isTimeToMove(read)) {
      await commit();
      await deps.move();
    }
    if (read > 0) {
      // A turn for everybody else: requests are answered while a backlog is read.
      await nextTurn();
      continue;
    }
    if (once && everythingFed && mayRead) return;
    await sleep(POLL_MS, signal);
  }
}
