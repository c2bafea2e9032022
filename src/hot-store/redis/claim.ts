/** What is asked of a Redis before rows go there: whose keys these are, whether it is empty, whether it keeps what it is given. */
import type { Client } from './connection.ts';
import type { KeyNames } from './keys.ts';
import { redisTrouble } from './trouble.ts';

export interface ClaimConfig {
  readonly names: Pick<KeyNames, 'owner' | 'filled'>;
  readonly pipelines: readonly string[];
  /** Whether this process fills an empty Redis, and so takes keys that are nobody's. */
  readonly claims: boolean;
  readonly shown: string;
}

/**
 * Resolves to whether rows are missing that this process has to fill in.
 * @throws AppError `hot_store_refused`: the keys are another pipeline's
 */
export async function claimKeys(client: Client, { names, pipelines, claims, shown }: ClaimConfig): Promise<boolean> {
  let isEmpty = false;
  for (const pipeline of pipelines) {
    const key = names.owner(pipeline);
    if (claims) await client.set(key, pipeline, { condition: 'NX' });
    const [owner, filled] = await client.mGet([key, names.filled(pipeline)]);
    if (owner && owner !== pipeline) throw redisTrouble(new Error(`TOCSIN_OWNER ${owner}`), shown);
    if (claims && filled === null) isEmpty = true;
  }
  return isEmpty;
}

/** By which rule it drops rows by itself; undefined: it does not. Nobody would miss such rows: the store would look whole. */
export async function evictionPolicy(client: Client): Promise<string | undefined> {
  // Not everybody may ask.
  const memory = await client.info('memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  return policy === 'noeviction' || /^maxmemory:0\s/m.test(memory) ? undefined : policy;
}
