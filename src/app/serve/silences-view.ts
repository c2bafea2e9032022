/** Silences as the server shows them, and tells of a change to whoever listens. */
import type { Clock } from '../../core/clock.ts';
import { statusOf, type Silence } from '../../notify/silence.ts';
import type { ShownSilence } from '../../server/api.ts';
import type { SilencesView } from '../../server/surface.ts';
import type { Silences } from '../silences.ts';

export interface LiveSilences extends SilencesView {
  /** Those that are not over where they are others than when it was called last, else undefined. */
  news(): Promise<readonly ShownSilence[] | undefined>;
}

export function createSilencesView(silences: Silences, { clock }: { readonly clock: Pick<Clock, 'now'> }): LiveSilences {
  let told = '';
  const shown = (silence: Silence): ShownSilence => ({ ...silence, status: statusOf(silence, clock.now()) });

  async function current(): Promise<ShownSilence[]> {
    return (await silences.list()).map(shown).filter(({ status }) => status !== 'ended');
  }

  return {
    async list({ status, limit }) {
      const found = status === undefined ? await current() : (await silences.list()).map(shown).filter((one) => one.status === status);
      return { silences: found.slice(0, limit) };
    },
    add: async (request) => shown(await silences.add(request)),
    end: async (id) => shown(await silences.end(id)),
    async news() {
      const found = await current();
      const key = found.map(({ id, status }) => `${id} ${status}`).join();
      if (key === told) return undefined;
      told = key;
      return found;
    },
  };
}
