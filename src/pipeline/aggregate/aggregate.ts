/** The aggregation of one input partition, as the stages see it: what it is told, what it hands over, where its state lies. */
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import type { OutcomeCounts } from '../../core/outcome.ts';
import type { Log, RecordBatch, StateChange } from '../../log/log.ts';
import type { CheckFields, ParseRecord } from '../../windows/decode/decoder.ts';
import type { IdKey } from '../../windows/ids/hash.ts';
import type { LimitKind, LimitSpan } from '../../windows/limit-episodes.ts';
import type { RestoredPanes } from '../../windows/panes.ts';
import type { ClockMode, Judged } from '../../windows/partition.ts';
import type { Partials, Progress } from '../../windows/partials/partials.ts';
import type { Told } from '../../windows/partials/codec.ts';
import type { Plan } from '../../windows/plan.ts';
import type { SourceSpec } from '../../windows/spec.ts';

export interface AggregateConfig {
  readonly plan: Plan;
  readonly source: SourceSpec;
  readonly partition: number;
  readonly replayTopic: string;
  /** Of the windows stage; stands in the dead letters. */
  readonly revision: number;
  readonly clock: ClockMode;
  /** Offset to begin at where nothing is committed. */
  readonly start: (bounds: { start: number; end: number }) => Promise<number> | number;
  /** Windows that begin before it are not of this revision, epoch ms. */
  readonly completeFrom: number;
  readonly maxBatchBytes: number;
  readonly maxBatchRecords?: number;
}

export interface AggregateDeps {
  readonly log: Log;
  readonly parse: ParseRecord;
  readonly check?: CheckFields;
  /** What was found and what was expected in a record (its text) of the source that is invalid for this reason; undefined: the reason says it all. */
  readonly explain?: ((source: string, reason: string, text: string) => string | undefined) | undefined;
  readonly randomKey: () => IdKey;
  /** Monotonic, ms. */
  readonly elapsed: () => number;
  /** Told of every batch judged, before anything of it is committed. */
  readonly onJudged?: (batch: RecordBatch, judged: Judged) => void;
  /** For the person at the terminal. */
  readonly warn?: (message: string) => void;
}

/** What an aggregation takes up, read from the log by whoever owns its state. Structured-cloneable. */
export interface Beginning {
  readonly state: readonly (readonly [key: string, bytes: Uint8Array])[];
  /** The next records to read, of the input partition and of its replays. */
  readonly offset: number;
  readonly replayOffset: number;
  /** Where the partition ended when this was read. */
  readonly end: number;
  /** Of the records to read those that were sent in again already, by offset. */
  readonly copied: readonly number[];
}

export interface OpenedAggregate {
  readonly aggregate: Aggregate;
  /** Of an earlier life, for the merge. */
  readonly panes: RestoredPanes;
}

export type OpenAggregate = (config: AggregateConfig, deps: AggregateDeps) => Promise<OpenedAggregate>;

/** May be at work in another thread: what it hands over comes as a promise, what it shows is as of its last answer. */
export interface Aggregate {
  readonly name: string;
  readonly source: SourceSpec;
  /** Its steps go on beside those of others; the rest take turns. */
  readonly isElsewhere: boolean;
  /** Judges the next records; resolves to their number, 0 where there were none. */
  step(): Promise<number>;
  /** Caught up, and nothing accepted for `idle_after`; where nothing more will come (`readToEnd`), caught up is enough. */
  isIdle(readToEnd: boolean): boolean;
  /** What to tell the merge now. No step may be made before the commit that belongs to it is taken. */
  takePartials(readToEnd: boolean): Promise<TakenPartials>;
  /** What to commit with the partials last taken. `released`: the expired panes that nothing needs any more; they are forgotten. */
  takeCommit(released: readonly number[]): Promise<AggregateCommit>;
  status(): AggregateStatus;
  /** Lets go of what is held for it elsewhere. */
  close(): Promise<void>;
}

export interface TakenPartials {
  readonly told: Told;
  readonly replayed: Partials['replayed'];
  readonly progress: Progress;
  /** Starts of panes that no event can reach any more and whose windows are all final here. */
  readonly expired: readonly number[];
}

export interface AggregateCommit {
  readonly offsets: { group: string; topic: string; partition: number; offset: number }[];
  readonly state: StateChange[];
  readonly deadLetters: { key: string; letter: DeadLetter }[];
}

export interface AggregateStatus {
  readonly name: string;
  readonly totals: Readonly<OutcomeCounts>;
  readonly reasons: ReadonlyMap<string, number>;
  readonly replayed: number;
  readonly watermark: number;
  /** When it had more segments than `max_series`, ids than `max_ids`, in order. */
  readonly limits: LimitSpans;
  /** Event time of the first accepted event that is known of, epoch ms; undefined before it, and where an older state does not say. */
  readonly firstTime: number | undefined;
  readonly offset: number;
  readonly end: number;
  readonly caughtUp: boolean;
  readonly deadLetterBytes: number;
  readonly ids: IdCounts;
}

export type LimitSpans = Readonly<Record<LimitKind, readonly LimitSpan[]>>;

/** The ids that a partition remembers, those that it forgot before their time for `max_ids`, and the memory that it takes, bytes. */
export interface IdCounts {
  readonly remembered: number;
  readonly forgottenEarly: number;
  readonly bytes: number;
}

export function statePrefix(pipeline: string, partition: string): string {
  return `aggregate/${pipeline}/${partition}/`;
}

/** The consumer group that reads a source's share of the replay topic. */
export function replayGroup(pipeline: string, topic: string): string {
  return `${pipeline}/${topic}`;
}
