/**
 * What a process shows of a pipeline whose active monitor is elsewhere: the same stage on the same partials, from the state that was noted
 * last, writing nothing. As it follows from the partials alone, it is what the active one sees, at the same time.
 */
import { sleep } from '../../core/clock.ts';
import type { Log } from '../../log/log.ts';

const RETRY_MS = 500;

export interface ShadowDeps {
  /** The monitor's ledger, to look into. */
  readonly open: () => Promise<Log>;
  /** Whether the active monitor is this process. */
  readonly isActive: () => boolean;
  /** Follows until its signal; false where there is nothing to follow yet. The log takes commits and forgets them. */
  readonly follow: (log: Log, signal: AbortSignal) => Promise<boolean>;
  readonly warn: (message: string) => void;
}

/** Until the signal, whenever this process is not the active one. */
export async function runShadow({ open, isActive, follow, warn }: ShadowDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!isActive()) {
      const ended = new AbortController();
      const watch = setInterval(() => isActive() && ended.abort(), RETRY_MS / 5);
      let log: Log | undefined;
      try {
        log = await open();
        await follow(forgetting(log), AbortSignal.any([signal, ended.signal]));
      } catch (error) {
        if (!signal.aborted) warn(`what is shown stands still for a moment: ${(error as Error).message}`);
      } finally {
        clearInterval(watch);
        await log?.close();
      }
    }
    await sleep(RETRY_MS, signal);
  }
}

/** Takes commits and forgets them. */
export function forgetting(log: Log): Log {
  return { ...log, commit: async ({ appends = [] }) => appends.map(() => 0) };
}
