/** What is asked of a Redis before rows go there: whose keys these are, whether it lacks rows, whether it keeps what it is given. */
import type { Client } from './connection.ts';
import type { KeyNames } from './keys.ts';
import { redisTrouble } from './trouble.ts';

export interface ClaimConfig {
  readonly names: Pick<KeyNames, 'owner' | 'filled'>;
  readonly pipelines: readonly string[];
  /** Whether this process fills a Redis that lacks rows, and so takes keys that are nobody's. */
  readonly claims: boolean;
  readonly shown: string;
}

export interface Claimed {
  /** Another one with each start of the server; undefined where it does not tell. */
  readonly runId: string | undefined;
  /**
   * Rows that this process has to fill in. `all`: it is empty, or was not filled to the end. `last`: it was started again since it was filled, and
   * what it has may be of an earlier time: of its last snapshot, or of the replica that took its place.
   */
  readonly lacks: 'all' | 'last' | undefined;
}

/** @throws AppError `hot_store_refused`: the keys are another pipeline's */
export async function claimKeys(client: Client, { names, pipelines, claims, shown }: ClaimConfig): Promise<Claimed> {
  const runId = await runIdOf(client);
  let lacks: Claimed['lacks'];
  for (const pipeline of pipelines) {
    const [key, filledKey] = [names.owner(pipeline), names.filled(pipeline)];
    if (claims) await client.set(key, pipeline, { condition: 'NX' });
    const [owner, filled] = await client.mGet([key, filledKey]);
    if (owner && owner !== pipeline) throw redisTrouble(new Error(`TOCSIN_OWNER ${owner}`), shown);
    if (!claims) continue;
    if (filled === null) lacks = 'all';
    else if (runId !== undefined && filled !== runId) {
      await client.del(filledKey);
      lacks ??= 'last';
    }
  }
  return { runId, lacks };
}

async function runIdOf(client: Client): Promise<string | undefined> {
  // Not everybody may ask.
  const server = await client.info('server').catch(() => '');
  return /^run_id:(\S+)/m.exec(server)?.[1];
}

/** By which rule it drops rows by itself; undefined: it does not. Nobody would miss such rows: the store would look whole. */
export async function evictionPolicy(client: Client): Promise<string | undefined> {
  // Not everybody may ask.
  const memory = await client.info('memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  return policy === 'noeviction' || /^maxmemory:0\s/m.test(memory) ? undefined : policy;
}
