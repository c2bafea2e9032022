/** What is told of each pipeline: name, help and labels of every metric, and where its values stand. */
import { OUTCOMES } from '../core/outcome.ts';
import type { Backpressure, PipelineStatus, SilenceList } from './api.ts';
import type { NotificationCount } from './surface.ts';

/** A pipeline at the time of a scrape. */
export interface Scraped {
  readonly status: PipelineStatus;
  readonly notifications: readonly NotificationCount[];
  /** Those that are not over. */
  readonly silences: SilenceList['silences'];
}

export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export interface PipelineMetric {
  readonly kind: 'counter' | 'gauge';
  /** Without `tocsin_`. */
  readonly name: string;
  readonly help: string;
  /** Behind the pipeline's name. */
  readonly labels: readonly string[];
  readonly read: (scraped: Scraped) => readonly Sample[];
}

type Partition = PipelineStatus['partitions'][number];
type Read = PipelineMetric['read'];

type Args = readonly [name: string, help: string, labels: readonly string[], read: Read];

const counter = (...[name, help, labels, read]: Args): PipelineMetric => ({ kind: 'counter', name, help, labels, read });
const gauge = (...[name, help, labels, read]: Args): PipelineMetric => ({ kind: 'gauge', name, help, labels, read });

const BACKPRESSURE = ['monitor', 'hot_store', 'priority', 'backlog'] as const satisfies readonly Backpressure[];

export const PIPELINE_METRICS: readonly PipelineMetric[] = [
  counter('records_total', 'Records judged, by outcome.', ['partition', 'outcome'], ({ status }) =>
    status.partitions.flatMap(({ name, outcomes }) => OUTCOMES.map((outcome): Sample => [{ partition: name, outcome }, outcomes[outcome]])),
  ),
  counter('invalid_records_total', 'Invalid records, by reason.', ['reason'], ({ status }) =>
    Object.entries(status.invalid_reasons).map(([reason, count]): Sample => [{ reason }, count]),
  ),
  counter('replayed_records_total', 'Dead letters sent in again and accepted.', [], ({ status }) => [[{}, status.replayed]]),
  gauge(
    'watermark_seconds',
    'Watermark, event time, Unix seconds.',
    ['partition'],
    perPartition(({ watermark }) => seconds(watermark)),
  ),
  gauge(
    'ids_remembered',
    'Ids of events that a partition remembers.',
    ['partition'],
    perPartition(({ ids }) => ids.remembered),
  ),
  gauge(
    'ids_bytes',
    'Memory that the ids of a partition take, bytes.',
    ['partition'],
    perPartition(({ ids }) => ids.bytes),
  ),
  counter(
    'ids_forgotten_early_total',
    'Ids that a partition forgot before their time, because it had more than max_ids.',
    ['partition'],
    perPartition(({ ids }) => ids.forgotten_early),
  ),
  gauge(
    'consumer_lag_records',
    'Records of an input partition that were not judged yet.',
    ['topic', 'partition'],
    perInput(({ lag }) => lag),
  ),
  gauge(
    'consumer_lag_seconds',
    'Event time by which the newest accepted event is behind now; 0 where all is read.',
    ['topic', 'partition'],
    perInput(({ lag_seconds }) => lag_seconds),
  ),
  gauge('backpressure', 'Whether reading is slowed down, by reason.', ['reason'], ({ status }) =>
    BACKPRESSURE.map((reason): Sample => [{ reason }, Number(status.backpressure.includes(reason))]),
  ),
  gauge('partials_lag_records', 'Records of p.partials that the monitor has not taken in.', [], ({ status }) => [
    [{}, status.queues.partials],
  ]),
  gauge('hot_store_waiting_rows', 'Rows that wait in memory for the hot store.', [], ({ status }) => [[{}, status.queues.hot_store_rows]]),
  gauge('frontier_seconds', 'Windows that end up to here are final, Unix seconds.', [], ({ status }) => {
    const at = seconds(status.frontier);
    return at === undefined ? [] : [[{}, at]];
  }),
  counter('windows_total', 'Final rows, without roll-ups.', ['window'], ({ status }) =>
    Object.entries(status.windows).map(([window, { results }]): Sample => [{ window }, results]),
  ),
  counter('corrections_total', 'Events that came after the first final row of their window.', ['window'], ({ status }) =>
    Object.entries(status.windows).map(([window, { corrections }]): Sample => [{ window }, corrections]),
  ),
  counter('alerts_total', 'Episodes begun.', [], ({ status }) => [[{}, status.alerts.fired]]),
  gauge('alerts_firing', 'Alerts that fire now.', [], ({ status }) => [[{}, status.alerts.firing]]),
  counter('looks_total', 'Series of open windows that detectors looked at.', [], ({ status }) => [[{}, status.looks.looked]]),
  counter('looks_skipped_total', 'Series of open windows that the time allowed for looks did not reach.', [], ({ status }) => [
    [{}, status.looks.skipped],
  ]),
  gauge('aggregate_threads', 'Threads beside the main one that count partitions.', [], ({ status }) => [[{}, status.threads.running]]),
  counter('aggregate_thread_restarts_total', 'Threads that ended by themselves and were started again.', [], ({ status }) => [
    [{}, status.threads.restarts],
  ]),
  counter('notifications_total', 'Notifications, by receiver and what was decided.', ['receiver', 'decision'], (one) =>
    one.notifications.map(({ receiver, decision, count }): Sample => [{ receiver, decision }, count]),
  ),
  gauge('silences', 'Silences that hold, or are to begin.', ['status'], ({ silences }) =>
    (['active', 'pending'] as const).map((status): Sample => [{ status }, silences.filter((one) => one.status === status).length]),
  ),
  gauge('dead_letters', 'Dead letters kept.', [], ({ status }) => [[{}, status.dead_letters]]),
  gauge('olap_lag_records', 'Records that the OLAP store does not have yet.', [], ({ status }) =>
    hasOlap(status) ? [[{}, status.queues.olap_lag]] : [],
  ),
  gauge('notification_queue', 'Alert events that wait to be told.', [], ({ status }) => [[{}, status.queues.notifications]]),
  gauge('olap_up', 'Whether the OLAP store answers.', [], ({ status }) =>
    hasOlap(status) ? [[{}, Number(status.olap_store === 'ready')]] : [],
  ),
];

/** Without one nothing lags, and nothing is down. */
function hasOlap({ olap_store: store }: PipelineStatus): boolean {
  return store !== 'none' && store !== 'missing';
}

function perPartition(read: (partition: Partition) => number | undefined): Read {
  return ({ status }) =>
    status.partitions.flatMap((partition): Sample[] => {
      const value = read(partition);
      return value === undefined ? [] : [[{ partition: partition.name }, value]];
    });
}

/** By topic and partition apart, as other exporters name them. */
function perInput(read: (partition: Partition) => number | null): Read {
  return ({ status }) =>
    status.partitions.flatMap((partition): Sample[] => {
      const value = read(partition);
      const slash = partition.name.lastIndexOf('/');
      const at = { topic: partition.name.slice(0, slash), partition: partition.name.slice(slash + 1) };
      return value === null ? [] : [[at, value]];
    });
}

function seconds(time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(time) / 1_000;
}
