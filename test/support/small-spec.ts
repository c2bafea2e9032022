/** The least that the engine can be told: a source `events`, its count `n`, windows of 10 s. A test states what it is about. */
import type { EngineSpec, EventSpec, SourceSpec } from '../../src/windows/spec.ts';

/** JSON records of topic `t` with a field `id` and a time `at`, in ms; ids are remembered for a minute, and nothing comes late. */
export function smallSource({ event, ...changes }: Partial<Omit<SourceSpec, 'event'>> & { event?: Partial<EventSpec> } = {}): SourceSpec {
  return {
    name: 'events',
    topic: 't',
    partitions: 1,
    format: 'json',
    event: { id: 'id', time: 'at', timeUnit: 'ms', outOfOrdernessMs: 0, allowedLatenessMs: 0, dedupMs: 60_000, ...event },
    where: [],
    lookups: [],
    ...changes,
  };
}

export function smallSpec({
  limits,
  ...changes
}: Partial<Omit<EngineSpec, 'limits'>> & { limits?: Partial<EngineSpec['limits']> } = {}): EngineSpec {
  return {
    pipeline: 'p',
    sources: [smallSource()],
    dimensions: [],
    measures: [{ name: 'n', kind: 'count', source: 'events', where: [] }],
    windows: [{ name: '10s', sizeMs: 10_000, slideMs: 10_000 }],
    rollups: [],
    limits: { maxSeries: 10, maxRecordBytes: 100, retireAfterMs: 3_600_000, idleAfterMs: 30_000, ...limits },
    ...changes,
  };
}
