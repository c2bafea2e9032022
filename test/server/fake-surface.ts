/** A surface without a pipeline behind it, and a server on it, for tests of the server alone. */
import type { TestContext } from 'node:test';
import { randomUUID } from 'node:crypto';
import { createSilencesView } from '../../src/app/serve/silences-view.ts';
import { createSilences } from '../../src/app/silences.ts';
import { AppError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { noOutcomes } from '../../src/core/outcome.ts';
import type { PipelineStatus, Source } from '../../src/server/api.ts';
import type { ServerLimits } from '../../src/server/limits.ts';
import { parseListenAddress } from '../../src/server/listen-address.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { createEventRing } from '../../src/server/stream/event-ring.ts';
import type { HistoryQuery, PipelineView, ServedPath, Surface } from '../../src/server/surface.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { sampleAlert } from '../support/sample-alert.ts';
import { rowAt } from '../support/window-row.ts';
import { memoryTopic } from './memory-topic.ts';

const START = Date.parse('2026-03-02T09:00:00Z');

export function windowRow(labels: Record<string, string>, more: Partial<WindowRow> = {}): WindowRow {
  const measures = { clicks: 3, ctr: null };
  return rowAt(START, { pipeline: 'ads', window: '5m', window_end: '2026-03-02T09:05:00.000Z', labels, measures, events: 9, ...more });
}

export interface FakeSurface extends Surface {
  readonly view: PipelineView;
  /** What was appended: partition, and the records as text. */
  readonly appended: { partition: number; records: string[] }[];
  readonly asked: HistoryQuery[];
  /** Records and bytes that are not read yet. */
  backlog: number;
  backlogBytes: number;
  reason: string | undefined;
  /** Rows of the hot store. */
  rows: WindowRow[];
  olapRows: WindowRow[] | undefined;
  /** Which store has the rows. */
  source: Source;
  /** What asking for all segments fails with. */
  away: Error | undefined;
  served: ServedPath[];
}

export function fakeSurface(): FakeSurface {
  const status: PipelineStatus = {
    pipeline: 'ads',
    outcomes: { ...noOutcomes(), read: 5, accepted: 4, invalid: 1 },
    invalid_reasons: { bad_json: 1 },
    replayed: 0,
    records_per_second: 0,
    partitions: [
      {
        name: 'raw/0',
        offset: 5,
        end: 7,
        lag: 2,
        lag_seconds: 1.5,
        watermark: '2026-03-02T09:00:00.000Z',
        outcomes: { ...noOutcomes(), accepted: 4, invalid: 1 },
        ids: { remembered: 4, forgotten_early: 2, bytes: 64 },
      },
    ],
    frontier: null,
    windows: { '5m': { results: 2, corrections: 1 } },
    alerts: { fired: 1, sent: 1, firing: 0, groups: [] },
    looks: { looked: 30, skipped: 2 },
    threads: { running: 2, restarts: 1 },
    dead_letters: 1,
    queues: { olap_lag: 0, notifications: 0, hot_store_rows: 0, partials: 3 },
    backpressure: ['monitor'],
    olap_store: 'none',
  };
  const appended: FakeSurface['appended'] = [];
  const asked: HistoryQuery[] = [];
  const view: PipelineView = {
    info: {
      name: 'ads',
      locale: 'en',
      dimensions: ['country', 'ad_format'],
      rollups: [[]],
      measures: [],
      windows: [
        { name: '1m', size_ms: 60_000, slide_ms: 60_000 },
        { name: '5m', size_ms: 300_000, slide_ms: 300_000 },
      ],
      watched: [],
      topics: { windows: 'ads.windows', alerts: 'ads.alerts', dead_letters: 'ads.dlq', replay: 'ads.replay' },
      sources: [],
      serve: [],
    },
    status: async () => status,
    windows: async (query) => {
      asked.push(query);
      return { pipeline: 'ads', window: query.window, source: 'hot', age: null, points: [], truncated: false };
    },
    latest: async (window) => ({ pipeline: 'ads', window, source: 'hot', age: null, points: [] }),
    alerts: async () => ({ alerts: [], total: 0 }),
    alert: async (id, lang) => {
      if (id !== sampleAlert.alert_id) throw new AppError('alert_unknown', `no alert "${id}" among the newest of ads`);
      return { ...sampleAlert, message: `in ${lang}`, resolved_time: null };
    },
    deadLetters: async () => ({ by_reason: {}, dead_letters: [] }),
    notifications: () => [{ receiver: 'slack', decision: 'sent', count: 2 }],
    silences: createSilencesView(
      createSilences(
        { pipeline: 'ads', topic: 'ads.silences', dimensions: ['country', 'ad_format'], measures: ['ctr'] },
        { ...memoryTopic('ads.silences'), clock: systemClock, newId: randomUUID },
      ),
      { clock: systemClock },
    ),
    stream: createEventRing({ epoch: 'e' }, { clock: systemClock }),
  };
  const surface: FakeSurface = {
    view,
    appended,
    asked,
    backlog: 0,
    backlogBytes: 0,
    reason: undefined,
    rows: [windowRow({ country: 'US', ad_format: 'banner' })],
    olapRows: undefined,
    source: 'hot',
    away: undefined,
    pipelines: [view],
    served: [],
    topics: async () => ({ topics: [] }),
    messages: async (topic, { partition }) => ({ topic, partition, start: 0, end: 0, messages: [] }),
    pushTarget: async (topic) => {
      if (topic === 'ads.windows') throw new AppError('topic_conflict', 'written by pipeline ads alone');
      if (topic !== 'raw') throw new AppError('topic_unknown', `no topic "${topic}" in the log; did you mean raw?`);
      return {
        partitions: 2,
        backlog: async () => ({ records: surface.backlog, bytes: surface.backlogBytes }),
        async append(partition, { bytes, ends }) {
          const records = Array.from(ends, (end, i) => Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)).toString('latin1'));
          return appended.push({ partition, records }) * 100;
        },
      };
    },
    notReady: async () => surface.reason,
    backtest: async (name) => {
      throw new AppError('pipeline_unknown', `no pipeline "${name}"`);
    },
  };
  surface.served.push({
    pipeline: 'ads',
    path: '/metrics/{country}/{ad_format}',
    window: '5m',
    windows: ['1m', '5m'],
    dimensions: ['country', 'ad_format'],
    latest: async (window, labels) => ({
      source: surface.source,
      rows: surface.rows.find(
        (row) => row.window === window && row.labels['country'] === labels['country'] && row.labels['ad_format'] === labels['ad_format'],
      ),
    }),
    all: async (window) => {
      if (surface.away) throw surface.away;
      return { source: surface.source, rows: surface.rows.filter((row) => row.window === window) };
    },
    suggest: async () => 'did you mean US?',
    fromOlapStore: async () => surface.olapRows,
  });
  return surface;
}

export interface ServerOptions {
  readonly listen?: string;
  readonly apiKey?: string;
  readonly limits?: Partial<ServerLimits>;
  readonly pageRoot?: string;
  readonly isHealthOnly?: boolean;
}

/** Closed when the test ends. */
export async function serverOn(t: TestContext, surface: Surface, options: ServerOptions = {}): Promise<Server> {
  const { listen = '127.0.0.1:0', apiKey, limits, pageRoot = '/nowhere', isHealthOnly = false } = options;
  const server = await createServer(
    {
      address: parseListenAddress(listen),
      version: '0.0.0',
      pageRoot,
      isHealthOnly,
      ...(apiKey !== undefined && { apiKey }),
      ...(limits && { limits }),
    },
    { surface, clock: systemClock, logger: silentLogger },
  );
  t.after(() => server.close());
  return server;
}
