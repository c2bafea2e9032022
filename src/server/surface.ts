/** What the server is given to show and to write to; `app/serve` makes it of what runs. */
import type { Episode } from '../alerts/episodes.ts';
import type { Labels } from '../core/labels.ts';
import type { ShownTime } from '../core/told-time.ts';
import type { SilenceRequest } from '../notify/silence-request.ts';
import type { SilenceStatus } from '../notify/silence.ts';
import type { AlertLocale } from '../receivers/alert-event.ts';
import type { WindowRow } from '../windows/row.ts';
import type {
  AlertList,
  BacktestReport,
  BacktestRequest,
  DeadLetterList,
  LatestWindows,
  MessageList,
  PipelineInfo,
  PipelineStatus,
  ShownSilence,
  SilenceList,
  Source,
  TopicList,
  WindowHistory,
} from './api.ts';
import type { PushedRecords } from './events/records.ts';
import type { EventRing } from './stream/event-ring.ts';
import type { WindowCursor } from './window-cursor.ts';

/** Times are epoch ms; `from` is included, `to` is not. */
export interface HistoryQuery {
  readonly window: string;
  readonly from?: number;
  readonly to?: number;
  /** Only rows behind this one. */
  readonly after?: WindowCursor;
  /** Rows that have all of these. */
  readonly labels: Labels;
  /** Only rows of exactly this set of dimensions; undefined: of any. */
  readonly grouping?: readonly string[];
  readonly limit: number;
}

export interface AlertQuery {
  readonly status?: 'firing' | 'resolved';
  /** Those too that another one speaks for; default. */
  readonly folded?: boolean;
  /** Default: `newest`. */
  readonly order?: 'newest' | 'gravest';
  /** Only those behind the one with this id. */
  readonly after?: string;
  readonly limit: number;
}

export interface NotificationCount {
  readonly receiver: string;
  /** `sent`, `failed`, `cooldown` … */
  readonly decision: string;
  readonly count: number;
}

export interface SilencesView {
  /** Without a status those that are not over; the newest first. */
  list(query: { readonly status?: SilenceStatus; readonly limit: number }): Promise<SilenceList>;
  /** Durable when it resolves. @throws AppError `silence_limit` */
  add(request: SilenceRequest): Promise<ShownSilence>;
  /** @throws AppError `silence_unknown` */
  end(id: string): Promise<ShownSilence>;
}

/** One running pipeline. All of it throws AppError `usage` for what was asked wrongly. */
export interface PipelineView {
  readonly info: PipelineInfo;
  status(): Promise<PipelineStatus>;
  windows(query: HistoryQuery): Promise<WindowHistory>;
  latest(window: string): Promise<LatestWindows>;
  /** `lang`: the words in this language; else in the pipeline's. */
  alerts(query: AlertQuery & { readonly lang?: AlertLocale }): Promise<AlertList>;
  /** One of them. @throws AppError `alert_unknown` */
  alert(id: string, lang: AlertLocale | undefined): Promise<Episode>;
  deadLetters(query: { readonly reason?: string; readonly outcome?: string; readonly limit: number }): Promise<DeadLetterList>;
  /** By receiver and what was decided. */
  notifications(): readonly NotificationCount[];
  readonly silences: SilencesView;
  readonly stream: EventRing;
}

/** Rows, and where they came from. */
export interface Sourced<T> {
  readonly source: Source;
  readonly rows: T;
}

/** A path of the pipeline file's `serve:` block. */
export interface ServedPath {
  readonly pipeline: string;
  /** `/metrics/{country}/{ad_format}` */
  readonly path: string;
  /** Window where the request names none, and all that it may name. */
  readonly window: string;
  readonly windows: readonly string[];
  /** Those in the path, in the file's order. */
  readonly dimensions: readonly string[];
  /**
   * The segment's latest row, provisional or final; where the hot store is away or has none, from the OLAP store.
   * @throws AppError `hot_store_unavailable` where neither answers; `olap_unavailable` where the hot store has none and the other does not answer
   */
  latest(window: string, labels: Labels): Promise<Sourced<WindowRow | undefined>>;
  /** The latest row of every segment with these dimensions. @throws AppError `hot_store_unavailable` where neither store answers */
  all(window: string): Promise<Sourced<WindowRow[]>>;
  /** A sentence for one who asked for a segment that is not there: what is near, or what there is. */
  suggest(window: string, labels: Labels): Promise<string>;
  /** The rows of the segment with from <= start < to (epoch ms), from the OLAP store; undefined where there is none. @throws the signal's reason */
  fromOlapStore(
    window: string,
    labels: Labels,
    span: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<WindowRow[] | undefined>;
}

/** A backtest as it was asked for, with its times read: instants, or by the clock of the file's zone. */
export interface BacktestQuery extends Omit<BacktestRequest, 'from' | 'to'> {
  readonly from?: number | ShownTime;
  readonly to?: number | ShownTime;
}

/** A raw topic that events may be pushed to. */
export interface PushTarget {
  readonly partitions: number;
  /** What its slowest reader has not read yet; of bytes only those that were pushed since this process began. */
  backlog(partition: number): Promise<{ readonly records: number; readonly bytes: number }>;
  /** Durable when it resolves, to the first offset. */
  append(partition: number, records: PushedRecords): Promise<number>;
}

export interface Surface {
  readonly pipelines: readonly PipelineView[];
  readonly served: readonly ServedPath[];
  topics(): Promise<TopicList>;
  /** @throws AppError `topic_unknown`; `offset` below 0 counts from the end */
  messages(topic: string, query: { readonly partition: number; readonly offset: number; readonly limit: number }): Promise<MessageList>;
  /** @throws AppError `topic_unknown`, `topic_conflict` for a topic that a pipeline alone writes */
  pushTarget(topic: string): Promise<PushTarget>;
  /**
   * What detectors would have rung over stored windows. Ended by the signal it rejects with the signal's reason.
   * @throws AppError `pipeline_unknown`, `usage`
   */
  backtest(pipeline: string, query: BacktestQuery, signal: AbortSignal): Promise<BacktestReport>;
  /** Undefined once every pipeline has caught up; until then what is waited for. */
  notReady(): Promise<string | undefined>;
}
