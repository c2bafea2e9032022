/** What the main thread and a thread that aggregates say to each other. All of it is structured-cloneable. */
import type { ErrorCode } from '../../core/errors.ts';
import type {
  AggregateCommit,
  AggregateConfig,
  AggregateStatus,
  Beginning,
  OpenedAggregate,
  TakenPartials,
} from '../../pipeline/aggregate/aggregate.ts';
import type { EngineSpec } from '../../windows/spec.ts';

/** Where a thread finds the log, for reading alone. */
export type LogAddress = { readonly kind: 'embedded'; readonly path: string } | { readonly kind: 'kafka'; readonly url: string };

/** What it is started with. */
export interface ThreadConfig {
  readonly log: LogAddress;
  /** What may be left of its JavaScript heap after a collection, MB. */
  readonly memoryMb: number;
}

/** What the main thread has settled of an aggregation. */
export interface OpenOrder {
  /** Tells pipelines of one process apart: what is compiled of a spec is kept under it. */
  readonly pipeline: number;
  readonly spec: EngineSpec;
  /** The source's name. */
  readonly source: string;
  readonly config: Omit<AggregateConfig, 'plan' | 'source' | 'start'>;
  readonly beginning: Beginning;
}

/** Of an aggregation by its key. */
export type Ask =
  | { readonly kind: 'open'; readonly key: number; readonly order: OpenOrder }
  /** `ends`: by `topic/partition` the first offset that is not read any more. */
  | { readonly kind: 'step'; readonly key: number; readonly ends: readonly (readonly [name: string, end: number])[] }
  | { readonly kind: 'partials'; readonly key: number; readonly readToEnd: boolean }
  | { readonly kind: 'commit'; readonly key: number; readonly released: readonly number[] }
  | { readonly kind: 'close'; readonly key: number };

/** What is shown of an aggregation without asking. */
export interface Mirror {
  readonly status: AggregateStatus;
  /** Nothing accepted for `idle_after`, being caught up. */
  readonly isIdle: boolean;
}

export interface Answers {
  readonly open: { readonly panes: OpenedAggregate['panes']; readonly mirror: Mirror };
  /** `read`: records, with replays; `judged`: without. */
  readonly step: { readonly read: number; readonly judged: number; readonly mirror: Mirror };
  readonly partials: TakenPartials;
  readonly commit: { readonly commit: AggregateCommit; readonly mirror: Mirror };
  readonly close: undefined;
}

export interface AskMessage {
  readonly id: number;
  readonly ask: Ask;
}

/** An answer, or a warning for the person at the terminal, unasked. */
export type FromThread = AnswerMessage | { readonly warning: string };

/** A failure that is for people, or that may pass; any other ends the thread. */
type AnswerMessage =
  | { readonly id: number; readonly value: Answers[Ask['kind']] }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string; readonly retryable: boolean } };
