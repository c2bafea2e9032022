/**
 * The HTTP API as types: what each path answers, shared by the server and the dashboard (types only).
 * Times are ISO 8601 UTC with ms. Errors are problem+json (RFC 9457): `Problem`.
 */
import type { AlertEvent, Severity } from '../receivers/alert-event.ts';
import type { Episode } from '../alerts/episodes.ts';
import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import type { Outcome, OutcomeCounts } from '../core/outcome.ts';
import type { Silence, SilenceStatus } from '../notify/silence.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
}

/** GET /api/v1/pipelines */
export interface PipelineList {
  readonly pipelines: readonly PipelineInfo[];
}

/** What a dashboard must know to draw a pipeline. */
export interface PipelineInfo {
  readonly name: string;
  readonly locale: 'en' | 'ko';
  /** In the order of the file. */
  readonly dimensions: readonly string[];
  /** Sets of dimensions that are summed up to, beside the full one; [] is the total. */
  readonly rollups: readonly (readonly string[])[];
  readonly measures: readonly MeasureInfo[];
  readonly windows: readonly { readonly name: string; readonly size_ms: number; readonly slide_ms: number }[];
  /** Measures that detectors watch, in the order of the file. */
  readonly watched: readonly { readonly measure: string; readonly window: string; readonly detector: string }[];
  readonly topics: { readonly windows: string; readonly alerts: string; readonly dead_letters: string; readonly replay: string };
  /** A watermark is so many ms before the newest event of its partition. */
  readonly sources: readonly {
    readonly name: string;
    readonly topic: string;
    readonly partitions: number;
    readonly out_of_orderness_ms: number;
  }[];
  readonly serve: readonly { readonly path: string; readonly window: string }[];
}

export interface MeasureInfo {
  readonly name: string;
  readonly unit: string | null;
  readonly kind: string;
  /** Of a ratio: the measure it is divided by, which says how much a value weighs. */
  readonly denominator?: string;
}

/**
 * - `monitor`: it is behind, the aggregations wait for it
 * - `hot_store`: rows wait for it, each commit gives it up to a second
 * - `priority`: a pipeline of higher priority in the same process is read first
 * - `backlog`: so many records are unread that pushed ones are answered 429
 */
export type Backpressure = 'monitor' | 'hot_store' | 'priority' | 'backlog';

/** GET /api/v1/pipelines/{pipeline}/status; also the SSE event `status`, once a second. */
export interface PipelineStatus {
  readonly pipeline: string;
  /** The five add up to `read`. */
  readonly outcomes: OutcomeCounts & { readonly read: number };
  readonly invalid_reasons: Readonly<Record<string, number>>;
  readonly replayed: number;
  /** Records judged a second, over the last ten seconds. */
  readonly records_per_second: number;
  readonly partitions: readonly {
    readonly name: string;
    readonly offset: number;
    readonly end: number;
    /** Records not read yet. */
    readonly lag: number;
    /** Event time by which its newest accepted event is behind now, s; 0 where all is read, null where nothing was accepted yet. */
    readonly lag_seconds: number | null;
    readonly watermark: string | null;
    readonly outcomes: OutcomeCounts;
    /** Ids remembered, those forgotten before their time because there were more than `max_ids`, and the memory that they take. */
    readonly ids: { readonly remembered: number; readonly forgotten_early: number; readonly bytes: number };
  }[];
  /** Windows that end up to here are final. */
  readonly frontier: string | null;
  readonly windows: Readonly<Record<string, { readonly results: number; readonly corrections: number }>>;
  /** `firing`, and `groups` (200 at most, the gravest first), without those that another one speaks for. */
  readonly alerts: { readonly fired: number; readonly sent: number; readonly firing: number; readonly groups: readonly AlertGroup[] };
  /** Series of open windows that detectors looked at, and those that the time allowed for looks did not reach. Since the start. */
  readonly looks: { readonly looked: number; readonly skipped: number };
  /** Threads beside the main one that count its partitions, and how often one of them ended by itself and was started again. */
  readonly threads: { readonly running: number; readonly restarts: number };
  readonly dead_letters: number;
  readonly queues: {
    /** Records of windows, alerts and dead letters that the OLAP store does not have yet. */
    readonly olap_lag: number;
    /** Notifications that wait for a receiver. */
    readonly notifications: number;
    /** Rows that wait in memory for the hot store. */
    readonly hot_store_rows: number;
    /** With roles apart: records of `p.partials` that the monitor has not taken in. */
    readonly partials: number;
  };
  /** What slows reading down now. Nothing is dropped: the log keeps what is not read. */
  readonly backpressure: readonly Backpressure[];
  readonly olap_store: 'ready' | 'starting' | 'missing' | 'none' | 'away';
}

/**
 * Where rows came from: the hot store (the last 26 h of served segments, the last row of all), the OLAP store (what is older, and
 * everything while the hot store is away) or the log. The rows are the same wherever they stand in several, but provisional ones,
 * which are in the hot store alone.
 */
export type Source = 'hot' | 'olap' | 'log';

/** One row of a window. */
export interface WindowPoint {
  readonly window: string;
  readonly window_start: string;
  readonly window_end: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly measures: Readonly<Record<string, number | null>>;
  /** False: provisional, the window is still open. */
  readonly final: boolean;
  readonly events: number;
  readonly corrections: number;
  readonly version: string;
}

/** GET /api/v1/pipelines/{pipeline}/windows?window=1m&from=&to=&after=&{dimension}=value : by start, then labels; at most `limit` (1,000). */
export interface WindowHistory {
  readonly pipeline: string;
  readonly window: string;
  readonly source: Source;
  /** ms since the end of the newest window in `points`, by the server's clock; 0 while it is open; null where there is none. */
  readonly age: number | null;
  readonly points: readonly WindowPoint[];
  /** More rows match than were given. */
  readonly truncated: boolean;
  /** Where `truncated`, and asked from an instant on: the `after` of the request that goes on behind the last of `points`. */
  readonly next?: string;
  /** The log keeps the beginning no more, and the OLAP store, which has it, is starting or away: ask again later. */
  readonly older_missing?: true;
}

/** GET /api/v1/pipelines/{pipeline}/latest?window=1m : the latest point of every series, roll-ups included. */
export interface LatestWindows {
  readonly pipeline: string;
  readonly window: string;
  readonly source: Source;
  /** As in `WindowHistory`. */
  readonly age: number | null;
  readonly points: readonly WindowPoint[];
  /** Only right after a start: series are still missing, ask again in a second. */
  readonly filling?: true;
}

/**
 * GET /api/v1/pipelines/{pipeline}/alerts?status=firing&folded=false&order=gravest&after={alert_id}&limit=100&lang=ko : one entry an
 * episode, the newest first, or the gravest; behind the one with this id. `lang`: in whose words, `en` or `ko`; without it in the pipeline's.
 * …/alerts/{id}?lang=ko answers one; 404 beyond the newest 10,000.
 */
export interface AlertList {
  readonly alerts: readonly Episode[];
  /** How many there are of what was asked for, on all pages together. */
  readonly total: number;
}

/** Alerts of one kind that fire: of one type, in one direction, of series by the same dimensions. */
export interface AlertGroup {
  readonly alert_type: string;
  readonly measure: string;
  readonly metric_name: string;
  readonly direction: 'down' | 'up';
  /** [] is the total. */
  readonly dimensions: readonly string[];
  readonly firing: number;
  readonly gravest: Severity;
}

/** A silence, and how it stands by the server's clock. POST answers one (201), DELETE …/silences/{id} the one that it ended. */
export type ShownSilence = Silence & { readonly status: SilenceStatus };

/** GET /api/v1/pipelines/{pipeline}/silences?status=&limit=1000 : the newest first; without `status` those that are not over. */
export interface SilenceList {
  readonly silences: readonly ShownSilence[];
}

/** GET /api/v1/pipelines/{pipeline}/dead-letters?reason=&outcome=&limit=100 : newest first, with counts over all that are kept. */
export interface DeadLetterList {
  readonly by_reason: Readonly<Record<string, number>>;
  readonly dead_letters: readonly (DeadLetter & { readonly origin: string; readonly replay: Outcome | null })[];
}

/** GET /api/v1/topics */
export interface TopicList {
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly start: number;
      readonly end: number;
      readonly stored_bytes: number;
    }[];
  }[];
}

/** GET /api/v1/topics/{topic}/messages?partition=0&offset=&limit=20 (a negative offset counts from the end) */
export interface MessageList {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly messages: readonly {
    readonly offset: number;
    readonly append_time: string;
    readonly key: string | null;
    readonly value: string | null;
  }[];
}

/**
 * GET /api/v1/pipelines/{pipeline}/stream : Server-Sent Events. `id:` grows; a client that comes back with `Last-Event-ID` gets what it
 * missed as far as it is kept (the last 10,000 events), else an event `reset` (it has to load everything anew).
 * `points`: provisional and final rows, several at once. `?lang=ko`: alerts in these words, as above.
 */
export interface StreamEvents {
  readonly points: readonly WindowPoint[];
  readonly alert: AlertEvent;
  readonly status: PipelineStatus;
  /** When they have changed: all that are not over, the newest first. */
  readonly silences: readonly ShownSilence[];
  readonly reset: Readonly<Record<string, never>>;
}

/** POST /api/v1/events/{topic} : 202 when durable. */
export interface EventsAccepted {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  readonly first_offset: number;
}

/**
 * POST /api/v1/pipelines/{pipeline}/backtest : what the detectors would have rung over stored windows. Nobody is told, nothing is
 * written. One at a time (else 429), at most a minute (else 504).
 */
export interface BacktestRequest {
  /** As in incidents; alerts that rang after `from`, up to `to`. Default: all that is stored. */
  readonly from?: string;
  readonly to?: string;
  /** How long before `from` the detectors begin to learn: `7d` unless told, `0s` for a cold start. */
  readonly warm_up?: string;
  /** Changes to the pipeline file: `detect.ctr.down=40%`. */
  readonly set?: readonly string[];
  /** Also the file as it is, side by side. */
  readonly compare?: boolean;
  readonly incidents?: readonly BacktestIncident[];
  /** An alert up to so long after an incident's end still counts for it: `0s` unless told. */
  readonly grace?: string;
}

/** What is known to have happened. Without `labels`: somewhere; without `measure`: in any measure. */
export interface BacktestIncident {
  /** ISO 8601 with a zone; in a request also `2026-03-02 18:30` and days, by the clock of the file's zone. */
  readonly start: string;
  readonly end: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly measure?: string;
}

export type BacktestAlert = Episode;

export interface BacktestReport {
  readonly pipeline: string;
  /** IANA name of the zone by whose clock the file tells times; those here are UTC. */
  readonly time_zone: string;
  /** What was judged, by the end of a window; null where there was no window. */
  readonly from: string | null;
  readonly to: string | null;
  /** From where the detectors learnt. */
  readonly learnt_from: string | null;
  readonly days: number;
  readonly source: 'olap' | 'log' | 'events' | 'windows';
  readonly windows: number;
  readonly rows: number;
  readonly seconds: number;
  /** The file as it is (`file`), the file with the changes (`set`), or both in this order. */
  readonly settings: readonly BacktestSetting[];
  /** With two settings: every alert that rang in either, by time. */
  readonly comparison?: readonly BacktestPair[];
  /** What is to be known of these results. */
  readonly notes: readonly string[];
}

export interface BacktestSetting {
  readonly name: 'file' | 'set';
  readonly changes: readonly string[];
  /** The budget of the pipeline; null where none of its detectors keeps to it: rules do not. */
  readonly false_alarms_per_day: number | null;
  /** Alerts that rang, those that another alert spoke for, and those that began within the cooldown of the one before and were over in it. */
  readonly rang: number;
  readonly folded: number;
  readonly in_cooldown: number;
  /** Of each window size over the days that were judged of it: the store may keep hours longer than minutes. */
  readonly rang_per_day: number;
  /** Of `rang`: in the first day that the detectors saw of their windows, by those that learn. A cold start is no measure of a budget. */
  readonly rang_first_day: number;
  /** Of `rang`, by rules too: behind that day; by day too, null where less than a day lies behind it. */
  readonly rang_after_first_day: number;
  readonly rang_per_day_after_first_day: number | null;
  /** All three kinds, in the order in which they rang; a folded one has `part_of`, one in the cooldown `cooldown_until`. At most 10,000. */
  readonly alerts: readonly BacktestAlert[];
  readonly dropped: number;
  readonly score?: BacktestScore;
}

export interface BacktestScore {
  /** Alerts that rang and belong to an incident, of those that rang. */
  readonly precision: { readonly count: number; readonly of: number };
  /** Incidents that an alert rang for, of those within the time judged. */
  readonly recall: { readonly count: number; readonly of: number };
  /** From an incident's start to its first alert, over those found. */
  readonly delay_ms: { readonly median: number; readonly most: number } | null;
  readonly false_alarms_per_day: number;
  /** In the order of the request. */
  readonly incidents: readonly (BacktestIncident & {
    /** Alerts that rang for it, the first one first. */
    readonly alerts: readonly string[];
    readonly delay_ms: number | null;
    /** Not within the time judged: it counts nowhere. */
    readonly outside: boolean;
  })[];
}

export interface BacktestPair {
  readonly alert_type: string;
  readonly series: string;
  /** When it rang; null: not with this setting. `folded`: another alert spoke for it; `in_cooldown`: it was over within that. */
  readonly file: BacktestBell | null;
  readonly set: BacktestBell | null;
}

export interface BacktestBell {
  readonly alert_id: string;
  readonly alert_time: string;
  readonly folded: boolean;
  readonly in_cooldown: boolean;
}
