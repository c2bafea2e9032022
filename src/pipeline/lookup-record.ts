/** From which offsets on which content of a lookup table, or of a schema's version, counts: the file may change between two starts, the results before it may not. */
import { createHash } from 'node:crypto';
import type { Log, StateChange } from '../log/log.ts';
import type { EngineSpec, SourceSpec } from '../windows/spec.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

/** One content of one file, in force from these offsets on. */
export interface LookupContent {
  /** sha256 of what it says, hex. */
  readonly hash: string;
  /** Input partition (`ad-events/0`) -> first offset judged with it. */
  readonly from: Readonly<Record<string, number>>;
}

/** State keys: `lookup/<pipeline>/<source>/<field>` and `lookup/<pipeline>/<source>/schemas/<version>`, the newest content last. */
const PREFIX = 'lookup/';

/** Changes that note every file whose content is not the one noted last; `offsets`: where each input partition goes on. */
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
    for (const { of, file, content } of contentsOf(source)) {
      const key = `${source.name}/${of}`;
      const contents = noted.get(key) ?? [];
      const hash = createHash('sha256').update(content).digest('hex');
      if (contents.at(-1)?.hash === hash) continue;
      const own = [...offsets].filter(([name]) => name.startsWith(`${source.topic}/`));
      changes.push(...toStateChanges(prefix, [[key, [...contents, { hash, from: Object.fromEntries(own) } satisfies LookupContent]]]));
      if (contents.length > 0) changed.push(file);
    }
  }
  return { changes, changed };
}

function contentsOf({ lookups, versions }: SourceSpec): { of: string; file: string; content: string }[] {
  return [
    ...lookups.map(({ field, file, table }) => ({
      of: field,
      file,
      content: JSON.stringify(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))),
    })),
    ...(versions?.schemas ?? []).map(({ version, file, schema }) => ({
      of: `schemas/${version}`,
      file,
      content: JSON.stringify(schema),
    })),
  ];
}
