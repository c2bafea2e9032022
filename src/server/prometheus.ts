/**
 * What runs, as Prometheus metrics: read anew at each scrape, in a registry of its own. Of a pipeline whose log does not answer in time there
 * are none; the process tells its own all the same.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { sleep, type Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { SILENCES_MAX } from '../notify/silence-request.ts';
import { PIPELINE_METRICS, type PipelineMetric, type Sample, type Scraped } from './pipeline-metrics.ts';
import type { PipelineView, Surface } from './surface.ts';

export interface Metrics {
  /** Prometheus text. */
  text(): Promise<string>;
  readonly contentType: string;
  request(method: string, route: string, status: number, seconds: number): void;
  stop(): void;
}

const EVENT_LOOP_RESOLUTION_MS = 10;

export function createMetrics(
  surface: Pick<Surface, 'pipelines'>,
  { version, clock, probeMs }: { version: string; clock: Clock; probeMs: number },
): Metrics {
  const registry = new Registry();
  const startedSeconds = clock.now() / 1_000 - process.uptime();
  const loop = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  loop.enable();
  let scraped: readonly Scraped[] = [];
  /** One reading of a pipeline at a time: scrapes go on while its log is away. */
  const readings = new Map<PipelineView, Promise<Scraped>>();

  async function scrape(view: PipelineView): Promise<Scraped> {
    return {
      status: await view.status(),
      notifications: view.notifications(),
      silences: (await view.silences.list({ limit: SILENCES_MAX })).silences,
    };
  }

  async function readInTime(view: PipelineView): Promise<Scraped[]> {
    const known = readings.get(view);
    const reading = known ?? scrape(view).finally(() => readings.delete(view));
    readings.set(view, reading);
    const over = new AbortController();
    const late = sleep(probeMs, over.signal).then((): Scraped[] => []);
    try {
      return await Promise.race([reading.then((one) => [one]), late]);
    } catch (error) {
      if (error instanceof AppError && error.retryable) return [];
      throw error;
    } finally {
      over.abort();
    }
  }

  function ofPipelines({ kind, name, help, labels, read }: PipelineMetric): Counter | Gauge {
    const config = { name: `tocsin_${name}`, help, labelNames: ['pipeline', ...labels], registers: [] };
    const samples = (): Sample[] =>
      scraped.flatMap((one) => read(one).map(([more, value]): Sample => [{ pipeline: one.status.pipeline, ...more }, value]));
    if (kind === 'counter') {
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
    new Gauge({
      name: 'tocsin_build_info',
      help: 'Always 1; what runs stands in the labels.',
      labelNames: ['version', 'node'],
      registers: [],
      collect() {
        this.set({ version, node: process.versions.node }, 1);
      },
    }),
    // Named as in every exporter, for dashboards and rules that know these names.
    new Gauge({
      name: 'process_start_time_seconds',
      help: 'When the process was started, Unix seconds.',
      registers: [],
      collect() {
        this.set(startedSeconds);
      },
    }),
    new Counter({
      name: 'process_cpu_seconds_total',
      help: 'User and system time of the process, all its threads.',
      registers: [],
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    }),
  ];
  for (const metric of [...PIPELINE_METRICS.map(ofPipelines), ...ofProcess]) registry.registerMetric(metric);
  const requests = new Histogram({
    name: 'tocsin_http_request_seconds',
    help: 'HTTP requests, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5],
    registers: [registry],
  });

  return {
    contentType: registry.contentType,
    async text() {
      scraped = (await Promise.all(surface.pipelines.map(readInTime))).flat();
      return registry.metrics();
    },
    request: (method, route, status, took) => requests.observe({ method, route, status: String(status) }, took),
    stop: () => loop.disable(),
  };
}
