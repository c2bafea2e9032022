/** What a run notes of its pipelines in the data directory, so that other commands can read it without the pipeline file. */
import type { Log, StateChange } from '../log/log.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';
import type { PipelineTopics } from './topics.ts';
import type { ClockMode } from '../windows/partition.ts';
import type { EngineSpec, MeasureSpec, WindowSpec } from '../windows/spec.ts';

export interface PipelineRecord {
  readonly name: string;
  /** The pipeline file, as it was named to the run. */
  readonly file: string;
  /** In the order of the file. */
  readonly sources: readonly {
    readonly name: string;
    readonly topic: string;
    readonly partitions: number;
    readonly outOfOrdernessMs: number;
    /** Of the schema, where it has several: the field that names an event's, and their names. */
    readonly versions?: { readonly field: string; readonly names: readonly string[] };
  }[];
  readonly dimensions: readonly string[];
  readonly measures: readonly MeasureSpec[];
  readonly windows: readonly WindowSpec[];
  readonly rollups: readonly (readonly string[])[];
  readonly topics: PipelineTopics;
  /** Where the OLAP store is: `embedded`, `none` or the address of a server; without a password. */
  readonly olapStore: string;
  /** Which time told delays when it was last run. */
  readonly clock: ClockMode;
  /** IANA name of the zone by which tables tell times; older records lack it. */
  readonly timeZone?: string;
}

const PREFIX = 'pipeline/';

export function pipelineRecord(
  spec: EngineSpec,
  file: string,
  topics: PipelineTopics,
  { olapStore, clock, timeZone }: Pick<Required<PipelineRecord>, 'olapStore' | 'clock' | 'timeZone'>,
): PipelineRecord {
  return {
    name: spec.pipeline,
    file,
    sources: spec.sources.map(({ name, topic, partitions, versions, event }) => ({
      name,
      topic,
      partitions,
      outOfOrdernessMs: event.outOfOrdernessMs,
      ...(versions && { versions: { field: versions.field, names: versions.schemas.map(({ version }) => version) } }),
    })),
    dimensions: spec.dimensions,
    measures: spec.measures,
    windows: spec.windows,
    rollups: spec.rollups,
    topics,
    olapStore: withoutPassword(olapStore),
    clock,
    timeZone,
  };
}

function withoutPassword(store: string): string {
  const url = URL.parse(store);
  if (!url) return store;
  url.username = '';
  url.password = '';
  return url.href;
}

/** The state that a run commits at its start. */
export function pipelineRecordChange(record: PipelineRecord): StateChange {
  return toStateChanges(PREFIX, [[record.name, record]])[0]!;
}

/** All pipelines that have ever run on this log, by name. */
export async function readPipelineRecords(log: Pick<Log, 'state'>): Promise<PipelineRecord[]> {
  return fromStateEntries(PREFIX, await log.state(PREFIX)).map(([, value]) => value as PipelineRecord);
}

const KAFKA_RUN = 'kafka-run/';

/** The state that a run on Kafka leaves in its own data directory: what of a broker that many share is this machine's. */
export function kafkaRunChange(pipeline: string, shown: string): StateChange {
  return toStateChanges(KAFKA_RUN, [[`${shown} ${pipeline}`, pipeline]])[0]!;
}

/** Names of the pipelines that ran on that broker with this data directory. */
export async function readKafkaRuns(local: Pick<Log, 'state'>, shown: string): Promise<string[]> {
  const prefix = `${KAFKA_RUN}${shown} `;
  return fromStateEntries(prefix, await local.state(prefix)).map(([name]) => name);
}
