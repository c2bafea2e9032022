/** How the OLAP store is, looked at now and then: a request never waits for one that does not answer, but for one that is starting. */
import { sleep, type Clock } from '../../core/clock.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import type { PipelineStatus } from '../../server/api.ts';

export interface OlapSide {
  state(): PipelineStatus['olap_store'];
  /** Undefined unless it answered last time. */
  store(): OlapStore | undefined;
  /** Asks it whether it is there. Never rejects; while it is being asked nothing more is asked. */
  look(): Promise<void>;
  /** Waits while it is starting, for `waitMs` at most. @throws the signal's reason */
  started(waitMs: number, signal?: AbortSignal): Promise<void>;
}

const POLL_MS = 100;
/** One that has not answered by then is away: a server that is down is not starting for ever. */
const START_MS = 60_000;

/** `opened`: undefined while it is not known yet whether there is one. `missing`: its engine is not installed on this machine. */
export function createOlapSide(
  opened: () => { readonly store: OlapStore | undefined; readonly missing: boolean } | undefined,
  clock: Pick<Clock, 'elapsed'>,
): OlapSide {
  const begun = clock.elapsed();
  let answered: 'not yet' | 'yes' | 'no more' = 'not yet';
  let looking = false;

  function state(): PipelineStatus['olap_store'] {
    const found = opened();
    if (found && !found.store) return 'none';
    if (found?.missing) return 'missing';
    if (answered === 'yes') return 'ready';
    return answered === 'no more' || clock.elapsed() - begun > START_MS ? 'away' : 'starting';
  }

  async function look(): Promise<void> {
    const found = opened();
    if (!found?.store || looking || found.missing) return;
    looking = true;
    try {
      await found.store.ping();
      answered = 'yes';
    } catch {
      if (answered === 'yes') answered = 'no more';
    } finally {
      looking = false;
    }
  }

  return {
    state,
    store: () => (answered === 'yes' ? opened()?.store : undefined),
    look,
    async started(waitMs, signal = new AbortController().signal) {
      for (let left = waitMs; left > 0 && state() === 'starting'; left -= POLL_MS) {
        // Not waited for: a server that hangs would outlast the time.
        void look();
        await sleep(POLL_MS, signal);
        signal.throwIfAborted();
      }
    },
  };
}
