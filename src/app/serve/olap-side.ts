/** How the OLAP store is, looked at now and then: a request never waits for one that does not answer. */
import type { OlapStore } from '../../olap-store/olap-store.ts';
import type { PipelineStatus } from '../../server/api.ts';

export interface OlapSide {
  state(): PipelineStatus['olap_store'];
  /** Undefined unless it answered last time. */
  store(): OlapStore | undefined;
  /** Asks it whether it is there. Never rejects; while it is being asked nothing more is asked. */
  look(): Promise<void>;
}

/** `missing`: its engine is not installed on this machine. */
export function createOlapSide(find: () => OlapStore | undefined, missing: () => boolean): OlapSide {
  let answered: 'not yet' | 'yes' | 'no more' = 'not yet';
  let looking = false;
  return {
    state() {
      if (!find()) return 'none';
      if (missing()) return 'missing';
      return answered === 'yes' ? 'ready' : answered === 'no more' ? 'away' : 'starting';
    },
    store: () => (answered === 'yes' ? find() : undefined),
    async look() {
      const store = find();
      if (!store || looking || missing()) return;
      looking = true;
      try {
        await store.ping();
        answered = 'yes';
      } catch {
        if (answered === 'yes') answered = 'no more';
      } finally {
        looking = false;
      }
    },
  };
}
