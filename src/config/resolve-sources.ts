/** The `source`/`event` or `sources` blocks, with the files that they name. */
import { AppError } from '../core/errors.ts';
import { asksZone, isObject, type SchemaField } from '../schemas/schema-fields.ts';
import type { EventSpec, LookupSpec, SourceSpec } from '../windows/spec.ts';
import { checkField, resolveConditions, type KnownFields } from './known-fields.ts';
import type { Conditions } from './measure-schema.ts';
import type { InputConfig } from './pipeline-config.ts';
import type { PipelineBlock } from './pipeline-schema.ts';
import type { Path, Problems } from './problem.ts';
import { fromFolder, readJsonFile } from './read-file.ts';
import { resolveSchemas } from './resolve-schemas.ts';
import type { EventBlock, SourceBlock } from './source-schema.ts';

const LOOKUP_BYTES_MAX = 67_108_864;
/** Name of the source where the file has only one. */
export const ONLY_SOURCE = 'events';
const DEDUP_DEFAULT_MS = 600_000;

export interface ResolvedSource {
  readonly spec: SourceSpec;
  /** Fields of an event, those of lookups included. */
  readonly fields: KnownFields;
  readonly input?: InputConfig;
}

interface Part {
  readonly name: string;
  readonly source: SourceBlock;
  readonly event: EventBlock;
  readonly path: Path;
  readonly eventPath: Path;
}

/** What the rest of the file says. */
interface Around {
  readonly folder: string;
  /** Of all windows: what a copy must not outlive to count once. */
  readonly shortestSlideMs: number;
  /** How far the clock of times that name no zone is ahead of UTC; undefined: there is none. */
  readonly zoneMs: number | undefined;
}

export function resolveSources(block: PipelineBlock, around: Around, problems: Problems): ResolvedSource[] {
  return partsOf(block, problems).map((part) => resolveSource(part, around, problems));
}

function partsOf(block: PipelineBlock, problems: Problems): Part[] {
  const { source, event, sources } = block;
  if (sources !== undefined) {
    for (const key of ['source', 'event'] as const) {
      if (block[key] !== undefined)
        problems.add([key], `found ${key} beside sources; expected either one source, or all under sources`, { atKey: true });
    }
    const parts = Object.entries(sources);
    if (parts.length === 0) problems.add(['sources'], 'found no source; expected at least one');
    return parts.map(([name, part]) => ({
      name,
      source: part,
      event: part.event,
      path: ['sources', name],
      eventPath: ['sources', name, 'event'],
    }));
  }
  if (source === undefined) problems.add([], 'found no "source"; expected source and event, or sources');
  else if (event === undefined) problems.add([], 'found no "event"; expected event: { time: ... } beside source');
  if (source === undefined || event === undefined) return [];
  return [{ name: ONLY_SOURCE, source, event, path: ['source'], eventPath: ['event'] }];
}

function resolveSource(part: Part, around: Around, problems: Problems): ResolvedSource {
  const { name, source, path } = part;
  const { folder } = around;
  const { spec: schemas, fields: own } = resolveSchemas(source, folder, path, problems);
  const lookups = resolveLookups(source, folder, own, path, problems);
  // Log lines name their zone, and so do times that a schema asks it of.
  const isNamed = source.format !== 'json' || allAskZone(schemas, part.event.time);
  const event = resolveEvent(part, own, { ...around, zoneMs: isNamed ? undefined : around.zoneMs }, problems);
  const where = resolveConditions(notLookedUp(source, path, problems), own, [...path, 'where'], problems);
  const joined = lookups.map(({ field }): [string, SchemaField] => [field, { types: ['string'], required: true }]);
  const fields = own && new Map<string, SchemaField>([...own, ...joined]);
  const spec: SourceSpec = {
    name,
    topic: source.topic,
    partitions: source.partitions,
    retention: { ms: source.retention, ...(source.retention_bytes !== undefined && { bytes: source.retention_bytes }) },
    format: source.format,
    ...(source.decoder === 'plain' && { decoder: source.decoder }),
    ...schemas,
    event,
    where,
    lookups,
  };
  return { spec, fields, ...(source.from ? { input: { source: name, topic: source.topic, ...source.from } } : {}) };
}

/** The source's conditions on what was sent. Those on what is looked up would ignore every event: nothing is, before they are met. */
function notLookedUp({ where = {}, lookup = {} }: SourceBlock, path: Path, problems: Problems): Conditions {
  const isSent = (field: string): boolean => !Object.hasOwn(lookup, field);
  for (const field of Object.keys(where).filter((name) => !isSent(name))) {
    const found = `found ${JSON.stringify(field)}, which is looked up only for events that meet where`;
    problems.add([...path, 'where', field], `${found}; expected a field of the event, or this condition under the where of measures`, {
      atKey: true,
    });
  }
  return Object.fromEntries(Object.entries(where).filter(([field]) => isSent(field)));
}

function resolveLookups(source: SourceBlock, folder: string, own: KnownFields, path: Path, problems: Problems): LookupSpec[] {
  return Object.entries(source.lookup ?? {}).map(([field, { file, by }]) => {
    const here = [...path, 'lookup', field];
    checkField(own, by, [...here, 'by'], problems, ['string']);
    if (own?.has(field) === true) {
      problems.add(here, `found ${JSON.stringify(field)}, which the event has already; expected a new name`, { atKey: true });
    }
    const table = problems.attempt([...here, 'file'], () => readTable(fromFolder(folder, file)));
    return { field, by, file, table: table ?? {} };
  });
}

/** Whether no schema takes a time without a zone. One among several refuses it for its own events alone. */
function allAskZone({ schema, versions }: Pick<SourceSpec, 'schema' | 'versions'>, time: string): boolean {
  return versions ? versions.schemas.every((version) => asksZone(version.schema, time)) : asksZone(schema, time);
}

/** Without a prototype, so that no key is found that is not in the file. */
function readTable(file: string): Record<string, string> {
  const what = 'one object of texts: { "key": "value" }';
  const table = readJsonFile(file, what, LOOKUP_BYTES_MAX);
  if (!isObject(table)) throw new AppError('config_invalid', `${file}: found JSON that is not an object; expected ${what}`);
  const wrong = Object.entries(table).find(([, value]) => typeof value !== 'string');
  if (wrong) throw new AppError('config_invalid', `${file}: found the key ${JSON.stringify(wrong[0])} without a text; expected ${what}`);
  return Object.assign(Object.create(null) as Record<string, string>, table);
}

function resolveEvent(part: Part, own: KnownFields, { shortestSlideMs, zoneMs }: Around, problems: Problems): EventSpec {
  const { event, eventPath } = part;
  if (event.id !== undefined) checkField(own, event.id, [...eventPath, 'id'], problems, ['string', 'integer', 'number']);
  const timeTypes = event.time_unit === 'iso' ? ['string'] : ['string', 'number', 'integer'];
  checkField(own, event.time, [...eventPath, 'time'], problems, timeTypes);
  // A copy that comes when its id is forgotten must be late: no window that it belongs to takes it any more.
  const dedupMin = shortestSlideMs + event.allowed_lateness;
  if (event.dedup !== undefined && event.id === undefined) {
    problems.add([...eventPath, 'dedup'], 'found dedup without id; expected id: the field with the id of the event', { atKey: true });
  } else if (event.dedup_compare === 'whole' && event.id === undefined) {
    problems.add([...eventPath, 'dedup_compare'], 'found dedup_compare without id; expected id: the field with the id of the event', {
      atKey: true,
    });
  } else if (event.dedup !== undefined && event.dedup < dedupMin) {
    problems.add(
      [...eventPath, 'dedup'],
      `found ${event.dedup / 1000}s; expected at least ${dedupMin / 1000}s (the shortest window or slide, ${shortestSlideMs / 1000}s, and allowed_lateness, ` +
        `${event.allowed_lateness / 1000}s), else a copy could count twice`,
    );
  }
  return {
    ...(event.id === undefined ? {} : { id: event.id }),
    time: event.time,
    timeUnit: event.time_unit,
    ...(event.time_unit === 'iso' && zoneMs !== undefined && { zoneMs }),
    outOfOrdernessMs: event.out_of_orderness,
    allowedLatenessMs: event.allowed_lateness,
    dedupMs: event.id === undefined ? 0 : (event.dedup ?? Math.max(DEDUP_DEFAULT_MS, dedupMin)),
    ...(event.dedup_compare === 'whole' && { wholeIds: true as const }),
    ...(event.max_ahead === undefined ? {} : { maxAheadMs: event.max_ahead }),
  };
}
