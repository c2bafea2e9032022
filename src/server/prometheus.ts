/** What runs, as Prometheus metrics: read anew at each scrape, in a registry of its own. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { OUTCOMES } from '../core/outcome.ts';
import { SILENCES_MAX } from '../notify/silence-request.ts';
import type { Backpressure, PipelineStatus, SilenceList } from './api.ts';
import type { NotificationCount, Surface } from './surface.ts';

export interface Metrics {
  /** Prometheus text. */
  text(): Promise<string>;
  readonly contentType: string;
  request(method: string, route: string, status: number, seconds: number): void;
  stop(): void;
}

interface Seen {
  readonly status: PipelineStatus;
  readonly notifications: readonly NotificationCount[];
  /** Those that are not over. */
  readonly silences: SilenceList['silences'];
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

const BACKPRESSURE = ['monitor', 'hot_store', 'priority', 'backlog'] as const satisfies readonly Backpressure[];
const EVENT_LOOP_RESOLUTION_MS = 10;

export function createMetrics(surface: Pick<Surface, 'pipelines'>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const loop = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  loop.enable();
  let seen: readonly Seen[] = [];

  /** `read`: what to show of one pipeline; its name is put before the other labels. */
  function family(
    kind: typeof Counter | typeof Gauge,
    name: string,
    help: string,
    labels: string[],
    read: (seen: Seen) => readonly Sample[],
  ) {
    const config = { name: `tocsin_${name}`, help, labelNames: ['pipeline', ...labels], registers };
    const samples = (): Sample[] =>
      seen.flatMap((one) => read(one).map(([more, value]): Sample => [{ pipeline: one.status.pipeline, ...more }, value]));
    if (kind === Counter) {
      return new Counter({
        ...config,
        collect() {
          this.reset();
          for (const [at, value] of samples()) this.inc(at, value);
        },
      });
    }
    return new Gauge({
      ...config,
      collect() {
        this.reset();
        for (const [at, value] of samples()) this.set(at, value);
      },
    });
  }

  const perPartition = (read: (partition: PipelineStatus['partitions'][number]) => number | undefined) => (one: Seen) =>
    one.status.partitions.flatMap((partition): Sample[] => {
      const value = read(partition);
      return value === undefined ? [] : [[{ partition: partition.name }, value]];
    });
  const seconds = (time: string | null): number | undefined => (time === null ? undefined : Date.parse(time) / 1_000);

  family(Counter, 'records_total', 'Records judged, by outcome.', ['partition', 'outcome'], ({ status }) =>
    status.partitions.flatMap(({ name, outcomes }) => OUTCOMES.map((outcome): Sample => [{ partition: name, outcome }, outcomes[outcome]])),
  );
  family(Counter, 'invalid_records_total', 'Invalid records, by reason.', ['reason'], ({ status }) =>
    Object.entries(status.invalid_reasons).map(([reason, count]): Sample => [{ reason }, count]),
  );
  family(Counter, 'replayed_records_total', 'Dead letters sent in again and accepted.', [], ({ status }) => [[{}, status.replayed]]);
  family(
    Gauge,
    'watermark_seconds',
    'Watermark, event time, Unix seconds.',
    ['partition'],
    perPartition(({ watermark }) => seconds(watermark)),
  );
  family(
    Gauge,
    'ids_remembered',
    'Ids of events that a partition remembers.',
    ['partition'],
    perPartition(({ ids }) => ids.remembered),
  );
  family(
    Gauge,
    'ids_bytes',
    'Memory that the ids of a partition take, bytes.',
    ['partition'],
    perPartition(({ ids }) => ids.bytes),
  );
  family(
    Counter,
    'ids_forgotten_early_total',
    'Ids that a partition forgot before their time, because it had more than max_ids.',
    ['partition'],
    perPartition(({ ids }) => ids.forgotten_early),
  );
  const perInput = (read: (partition: PipelineStatus['partitions'][number]) => number | null) => (one: Seen) =>
    one.status.partitions.flatMap((partition): Sample[] => {
      const value = read(partition);
      const slash = partition.name.lastIndexOf('/');
      const at = { topic: partition.name.slice(0, slash), partition: partition.name.slice(slash + 1) };
      return value === null ? [] : [[at, value]];
    });
  family(
    Gauge,
    'consumer_lag_records',
    'Records of an input partition that were not judged yet.',
    ['topic', 'partition'],
    perInput(({ lag }) => lag),
  );
  family(
    Gauge,
    'consumer_lag_seconds',
    'Event time by which the newest accepted event is behind now; 0 where all is read.',
    ['topic', 'partition'],
    perInput(({ lag_seconds }) => lag_seconds),
  );
  family(Gauge, 'backpressure', 'Whether reading is slowed down, by reason.', ['reason'], ({ status }) =>
    BACKPRESSURE.map((reason): Sample => [{ reason }, Number(status.backpressure.includes(reason))]),
  );
  family(Gauge, 'partials_lag_records', 'Records of p.partials that the monitor has not taken in.', [], ({ status }) => [
    [{}, status.queues.partials],
  ]);
  family(Gauge, 'hot_store_waiting_rows', 'Rows that wait in memory for the hot store.', [], ({ status }) => [
    [{}, status.queues.hot_store_rows],
  ]);
  family(Gauge, 'frontier_seconds', 'Windows that end up to here are final, Unix seconds.', [], ({ status }) => {
    const at = seconds(status.frontier);
    return at === undefined ? [] : [[{}, at]];
  });
  family(Counter, 'windows_total', 'Final rows, without roll-ups.', ['window'], ({ status }) =>
    Object.entries(status.windows).map(([window, { results }]): Sample => [{ window }, results]),
  );
  family(Counter, 'corrections_total', 'Events that came after the first final row of their window.', ['window'], ({ status }) =>
    Object.entries(status.windows).map(([window, { corrections }]): Sample => [{ window }, corrections]),
  );
  family(Counter, 'alerts_total', 'Episodes begun.', [], ({ status }) => [[{}, status.alerts.fired]]);
  family(Gauge, 'alerts_firing', 'Alerts that fire now.', [], ({ status }) => [[{}, status.alerts.firing]]);
  family(Counter, 'looks_total', 'Series of open windows that detectors looked at.', [], ({ status }) => [[{}, status.looks.looked]]);
  family(Counter, 'looks_skipped_total', 'Series of open windows that the time allowed for looks did not reach.', [], ({ status }) => [
    [{}, status.looks.skipped],
  ]);
  family(Gauge, 'aggregate_threads', 'Threads beside the main one that count partitions.', [], ({ status }) => [
    [{}, status.threads.running],
  ]);
  family(Counter, 'aggregate_thread_restarts_total', 'Threads that ended by themselves and were started again.', [], ({ status }) => [
    [{}, status.threads.restarts],
  ]);
  family(Counter, 'notifications_total', 'Notifications, by receiver and what was decided.', ['receiver', 'decision'], (one) =>
    one.notifications.map(({ receiver, decision, count }): Sample => [{ receiver, decision }, count]),
  );
  family(Gauge, 'silences', 'Silences that hold, or are to begin.', ['status'], ({ silences }) =>
    (['active', 'pending'] as const).map((status): Sample => [{ status }, silences.filter((one) => one.status === status).length]),
  );
  family(Gauge, 'dead_letters', 'Dead letters kept.', [], ({ status }) => [[{}, status.dead_letters]]);
  family(Gauge, 'olap_lag_records', 'Records that the OLAP store does not have yet.', [], ({ status }) => [[{}, status.queues.olap_lag]]);
  family(Gauge, 'notification_queue', 'Alert events that wait to be told.', [], ({ status }) => [[{}, status.queues.notifications]]);
  family(Gauge, 'olap_up', 'Whether the OLAP store answers.', [], ({ status }) => [[{}, Number(status.olap_store === 'ready')]]);

  const ofProcess = [
    new Gauge({
      name: 'tocsin_stream_clients',
      help: 'Clients of the live streams.',
      registers: [],
      collect() {
        this.set(surface.pipelines.reduce((sum, { stream }) => sum + stream.clients, 0));
      },
    }),
    new Gauge({
      name: 'tocsin_event_loop_delay_seconds',
      help: 'Delay of the event loop since the last scrape.',
      labelNames: ['quantile'],
      registers: [],
      collect() {
        // The histogram measures from tick to tick, the resolution included.
        const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - EVENT_LOOP_RESOLUTION_MS / 1_000);
        for (const quantile of [0.5, 0.99]) this.set({ quantile: String(quantile) }, late(loop.percentile(quantile * 100)));
        this.set({ quantile: '1' }, loop.count === 0 ? 0 : late(loop.max));
        loop.reset();
      },
    }),
    new Gauge({
      name: 'tocsin_resident_memory_bytes',
      help: 'Memory of the process.',
      registers: [],
      collect() {
        this.set(process.memoryUsage.rss());
      },
    }),
  ];
  for (const metric of ofProcess) registry.registerMetric(metric);
  const requests = new Histogram({
    name: 'tocsin_http_request_seconds',
    help: 'HTTP requests, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5],
    registers,
  });

  return {
    contentType: registry.contentType,
    async text() {
      seen = await Promise.all(
        surface.pipelines.map(async (view) => ({
          status: await view.status(),
          notifications: view.notifications(),
          silences: (await view.silences.list({ limit: SILENCES_MAX })).silences,
        })),
      );
      return registry.metrics();
    },
    request: (method, route, status, took) => requests.observe({ method, route, status: String(status) }, took),
    stop: () => loop.disable(),
  };
}
