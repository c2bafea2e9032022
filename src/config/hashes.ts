/** Fingerprints of what changes results: a pipeline whose fingerprint differs must not go on with the old state. */
import { fingerprint } from '../core/fingerprint.ts';
import type { MonitorSpec } from '../pipeline/monitor/monitor-spec.ts';
import { asksZone } from '../schemas/schema-fields.ts';
import type { EngineSpec, EventSpec, MeasureSpec, SourceSpec } from '../windows/spec.ts';

/** Texts for people that a JSON Schema may carry; they change no outcome. */
const SCHEMA_NOTES = new Set(['title', 'description', '$comment', 'examples', 'default', 'deprecated', 'readOnly', 'writeOnly']);
/** Keywords whose keys are names of the user's, which may read like notes. */
const SCHEMA_MAPS = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
  'dependentRequired',
]);
const SCHEMA_VALUES = new Set(['enum', 'const', 'required']);

function withoutNotes(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutNotes);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key]) => !SCHEMA_NOTES.has(key));
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (SCHEMA_VALUES.has(key)) return [key, value];
      if (!SCHEMA_MAPS.has(key) || typeof value !== 'object' || value === null) return [key, withoutNotes(value)];
      // The order of `properties` decides which reason comes first.
      return [key, Object.entries(value).map(([name, part]) => [name, withoutNotes(part)])];
    }),
  );
}

function withoutTexts(measure: MeasureSpec): unknown {
  return { ...measure, unit: undefined, currency: undefined };
}

/** What decides outcomes and rows. The content of lookup tables is not in it: it takes effect at a recorded offset. */
function windowsStage(engine: EngineSpec, clock: 'append' | 'event') {
  return {
    clock,
    sources: engine.sources.map((source) => ({
      name: source.name,
      topic: source.topic,
      format: source.format,
      schema: source.schema && withoutNotes(source.schema),
      // What the versions say takes effect at a recorded offset.
      versions: source.versions && { field: source.versions.field },
      event: hashedEvent(source),
      where: source.where,
      lookups: source.lookups.map(({ field, by, file }) => ({ field, by, file })),
    })),
    dimensions: engine.dimensions,
    measures: engine.measures.map(withoutTexts),
    windows: engine.windows,
    rollups: engine.rollups,
    limits: { maxSeries: engine.limits.maxSeries, maxIds: engine.limits.maxIds, maxRecordBytes: engine.limits.maxRecordBytes },
  };
}

/** Versions come and go without a new revision: whether times need a zone is told as the first one has it. */
function hashedEvent({ event, versions }: SourceSpec): EventSpec {
  if (!versions || !asksZone(versions.schemas[0]?.schema, event.time)) return event;
  const { zoneMs: _, ...withZone } = event;
  return withZone;
}

export function windowsHash(engine: EngineSpec, clock: 'append' | 'event'): string {
  return fingerprint(windowsStage(engine, clock));
}

/**
 * The same by the names that its parts have in the pipeline file (`measures.ctr`, `sources.events.schema`): to tell what changed. `sources`
 * and `measures` stand for their names and order; `windows.1d` is the offset at which these begin, ms.
 */
export function windowsParts(engine: EngineSpec, clock: 'append' | 'event'): Readonly<Record<string, string>> {
  const { sources, measures, ...rest } = windowsStage(engine, clock);
  const ofSources = sources.flatMap(({ name, ...source }) =>
    Object.entries(source).map(([key, value]): [string, unknown] => [`sources.${name}.${SOURCE_KEYS[key] ?? key}`, value]),
  );
  const ofMeasures = engine.measures.map(({ name }, i): [string, unknown] => [`measures.${name}`, measures[i]]);
  const starts = engine.windows.map(({ name, offsetMs = 0 }) => [`windows.${name}`, `${offsetMs}`] as const);
  const names = { sources: sources.map(({ name }) => name), measures: engine.measures.map(({ name }) => name) };
  const parts = [...Object.entries({ ...rest, ...names }), ...ofSources, ...ofMeasures];
  return Object.fromEntries([...starts, ...parts.map(([name, value]) => [name, fingerprint(value).slice(0, 12)] as const)]);
}

/** Where the pipeline file has another name. */
const SOURCE_KEYS: Readonly<Record<string, string>> = { versions: 'schemas', lookups: 'lookup' };

/** Of the detectors: which alerts arise, and when they are written again. */
export function detectHash(monitor: MonitorSpec): string {
  return fingerprint({
    detect: monitor.detect.map(({ detector, config, measure, window, over }) => ({ detector, config, measure, window, over })),
    falseAlarmsPerDay: monitor.falseAlarmsPerDay,
    repeatAfterMs: monitor.repeatAfterMs,
  });
}
