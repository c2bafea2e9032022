/** From which offsets on which content of a lookup table counts: the file may change between two starts, the results before it may not. */
import { createHash } from 'node:crypto';
import type { Log, StateChange } from '../log/log.ts';
import type { EngineSpec } from '../windows/spec.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

/** One content of one table, in force from these offsets on. */
export interface LookupContent {
  /** sha256 of the table's entries, hex. */
  readonly hash: string;
  /** Input partition (`ad-events/0`) -> first offset judged with it. */
  readonly from: Readonly<Record<string, number>>;
}

/** State key: `lookup/<pipeline>/<source>/<field>`, the newest content last. */
const PREFIX = 'lookup/';

/** Changes that note every table whose content is not the one noted last; `offsets`: where each input partition goes on. */
export async function noteLookups(
  log: Pick<Log, 'state'>,
  spec: EngineSpec,
  offsets: ReadonlyMap<string, number>,
): Promise<{ changes: StateChange[]; changed: string[] }> {
  const prefix = `${PREFIX}${spec.pipeline}/`;
  const noted = new Map(fromStateEntries(prefix, await log.state(prefix)) as [string, LookupContent[]][]);
  const changes: StateChange[] = [];
  const changed: string[] = [];
  for (const source of spec.sources) {
    for (const { field, file, table } of source.lookups) {
      const key = `${source.name}/${field}`;
      const contents = noted.get(key) ?? [];
      const hash = createHash('sha256')
        .update(JSON.stringify(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))))
        .digest('hex');
      if (contents.at(-1)?.hash === hash) continue;
      const own = [...offsets].filter(([name]) => name.startsWith(`${source.topic}/`));
      changes.push(...toStateChanges(prefix, [[key, [...contents, { hash, from: Object.fromEntries(own) } satisfies LookupContent]]]));
      if (contents.length > 0) changed.push(file);
    }
  }
  return { changes, changed };
}
