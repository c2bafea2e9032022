/** The embedded store for one command: that of the Tocsin running on the data directory, else an engine of its own for as long. */
import type { Clock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import type { OlapEndpoint } from '../clickhouse/address.ts';
import { createClickHouseStore } from '../clickhouse/clickhouse-store.ts';
import type { OlapStore } from '../olap-store.ts';
import { readEndpoint } from './endpoint-file.ts';
import { superviseChdb } from './supervisor.ts';

/** A busy machine answers late, and whoever gives up finds the folder taken. Where nobody runs any more the answer, a refusal, comes at once. */
const PROBE_TIMEOUT_MS = 15_000;

/**
 * `close` ends the engine where it was started here. Such an engine rolls nothing up.
 * @throws AppError `olap_unavailable`: chDB is missing, or another process holds the folder and does not answer
 */
export async function openEmbeddedStore(dir: string, deps: { clock: Clock }): Promise<OlapStore> {
  const endpoint = await runningEndpoint(dir);
  if (endpoint) return createClickHouseStore({}, { endpoint: () => endpoint });
  const engine = superviseChdb({ dir, restart: false }, { clock: deps.clock, logger: silentLogger });
  await engine.whenReady;
  const store = createClickHouseStore({ rollsUp: false }, { endpoint: engine.endpoint });
  return {
    ...store,
    close: async () => {
      await store.close();
      await engine.stop();
    },
  };
}

/** Where the file says, if somebody answers there to the password in it. */
async function runningEndpoint(dir: string): Promise<OlapEndpoint | undefined> {
  const file = readEndpoint(dir);
  if (!file) return undefined;
  const endpoint = { url: file.url, ...file.owner };
  const store = createClickHouseStore({ requestTimeoutMs: PROBE_TIMEOUT_MS }, { endpoint: () => endpoint });
  try {
    await store.ping();
    return endpoint;
  } catch {
    return undefined;
  } finally {
    await store.close();
  }
}
