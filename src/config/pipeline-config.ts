/** A pipeline file after validation: what the other rooms are told. */
import type { StageHashes } from '../pipeline/revision.ts';
import type { Match } from '../receivers/match.ts';
import type { LagLimit } from '../pipeline/lag-watch.ts';
import type { MonitorSpec } from '../pipeline/monitor/monitor-spec.ts';
import type { PipelineTopics } from '../pipeline/topics.ts';
import type { EngineSpec } from '../windows/spec.ts';

/** What a catalog's `open` or `create` takes: `config` is the output of that kind's own schema. */
export interface CatalogChoice {
  readonly kind: string;
  readonly config: unknown;
}

export interface InputConfig extends CatalogChoice {
  /** Name of the source in the EngineSpec, and its topic. */
  readonly source: string;
  readonly topic: string;
}

export interface ReceiverConfig extends CatalogChoice {
  /** Unique in the pipeline. */
  readonly name: string;
  /** Which alerts it is told of; absent: all. */
  readonly match?: Match;
}

export interface ServeConfig {
  /** `/metrics/{country}/{ad_format}` */
  readonly path: string;
  /** A WindowSpec's name. */
  readonly window: string;
  /** Dimensions in the path, in the order of the file's dimensions: the full set or a roll-up. */
  readonly dimensions: readonly string[];
}

export interface PipelineConfig {
  readonly engine: EngineSpec;
  readonly clock: 'append' | 'event';
  /** Where a new pipeline begins: an end of the topics, or an append time, epoch ms. */
  readonly start: 'earliest' | 'latest' | number;
  readonly topics: PipelineTopics;
  readonly inputs: readonly InputConfig[];
  readonly monitor: MonitorSpec;
  readonly receivers: readonly ReceiverConfig[];
  /** An alert older than this when it arises is stale, ms. */
  readonly notifyWithinMs: number;
  /** An alert that still fires is told again after this, ms of event time. */
  readonly cooldownMs: number;
  /** Alert when reading is too far behind. */
  readonly lag?: LagLimit;
  /** Of several pipelines in one process the higher ones are read first while they are behind. */
  readonly priority: number;
  readonly serve: readonly ServeConfig[];
  /** How long raw events stay in the OLAP store, ms; absent: they do not go there. */
  readonly rawKeepMs?: number;
  readonly locale: 'en' | 'ko';
  /** IANA name of the zone by which times are told on the terminal. */
  readonly timeZone: string;
}

export interface LoadedPipeline extends PipelineConfig {
  /** As given; for messages. Absent for a pipeline that is not from a file. */
  readonly file?: string;
  /** Folder that paths in the file are relative to. */
  readonly folder: string;
  readonly hashes: StageHashes;
}
