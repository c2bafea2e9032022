/** The HTTP server beside a run: what it shows, and its heartbeat. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { inSlices } from '../../core/slices.ts';
import type { HotHistory, HotStore } from '../../hot-store/hot-store.ts';
import type { Log } from '../../log/log.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { ServerLimits } from '../../server/limits.ts';
import { parseListenAddress } from '../../server/listen-address.ts';
import { createServer } from '../../server/server.ts';
import type { Surface } from '../../server/surface.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import { answerBacktest, type StoredHistory } from './backtest-request.ts';
import { createHotFill } from './hot-fill.ts';
import { createOlapSide } from './olap-side.ts';
import { latestRows } from './latest-rows.ts';
import { createLiveView } from './pipeline-view.ts';
import { servedPaths } from './served-paths.ts';
import { createTopicsView } from './topics-view.ts';
import { counted } from '../../core/counted.ts';

export interface ServeConfig {
  /** `127.0.0.1:8000` */
  readonly listen: string;
  readonly apiKey?: string;
  readonly limits?: Partial<ServerLimits>;
  /** This process does not play `api`. */
  readonly isHealthOnly: boolean;
}

export interface ServeDeps {
  readonly runs: readonly PipelineRun[];
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hotStore: HotStore;
  /** The window whose served segments the hot store keeps for a day. */
  readonly hotHistory: (config: LoadedPipeline) => readonly HotHistory[];
  /** Where backtests find what was computed. */
  readonly history: StoredHistory;
  /** Undefined until it is opened. */
  readonly olap: () => { readonly store: OlapStore | undefined; readonly missing: boolean } | undefined;
}

export interface Serving {
  /** `http://127.0.0.1:8000` */
  readonly url: string;
  /** Reached from this machine only. */
  readonly isLocal: boolean;
  /** The page's address answers with how to build it. */
  readonly lacksPage: boolean;
  committed(config: LoadedPipeline, committed: Committed): Promise<void>;
  /** What an earlier process had in memory is there again. */
  hotStoreIsFilled(): void;
  stop(): Promise<void>;
}

const PAGE_ROOT = fileURLToPath(new URL('../../../web/dist', import.meta.url));
const TICK_MS = 1_000;
const OLAP_TICKS = 5;
/** A request waits this long for the hot store to be filled after a start, ms. */
const FILL_WAIT_MS = 2_000;

/** @throws AppError `usage` for an address that is wrong, taken or open without a key; `config_invalid` for paths that clash */
export async function startServing(config: ServeConfig, deps: ServeDeps): Promise<Serving> {
  const { runs, log, clock, logger, hotStore } = deps;
  const address = parseListenAddress(config.listen);
  const hotFill = createHotFill({ waitMs: FILL_WAIT_MS });
  const olap = createOlapSide(deps.olap, deps.clock);
  const epoch = clock.now().toString(36);
  const views = runs.map((run) => ({
    run,
    view: createLiveView(run, deps.hotHistory(run.config), { log, clock, hotStore, hotFill, olap, epoch, showsAll: !config.isHealthOnly }),
  }));
  const surface: Surface = {
    pipelines: views.map(({ view }) => view),
    served: runs.flatMap(({ config: pipeline }) =>
      servedPaths(pipeline, { latest: latestRows(pipeline.engine, { hotStore, hotFill, olap }), hotFill, olap }),
    ),
    ...createTopicsView(runs, { log, clock }),
    backtest: async (name, request, signal) => answerBacktest(pipelineNamed(runs, name), request, deps.history, olap, signal),
    async notReady() {
      for (const { view } of views) {
        const records = await view.behind();
        if (records === undefined)
          return `pipeline ${view.info.name}: how far it is read is not known yet; its active monitor, here or in another process, tells`;
        if (records > 0) return `pipeline ${view.info.name} catches up: ${counted(records, 'record')} to read`;
      }
      return hotFill.isFilled() ? undefined : 'the hot store is being filled from the log';
    },
  };
  const server = await createServer(
    {
      address,
      ...(config.apiKey !== undefined && { apiKey: config.apiKey }),
      ...(config.limits && { limits: config.limits }),
      version: packageVersion(),
      pageRoot: PAGE_ROOT,
      isHealthOnly: config.isHealthOnly,
    },
    { surface, clock, logger },
  );
  const url = await server.listen();

  let ticks = 0;
  const timer = setInterval(() => {
    if (ticks++ % OLAP_TICKS === 0) void olap.look();
    for (const { view } of views) view.tick().catch((error: Error) => logger.warn(`the status cannot be read: ${error.message}`));
  }, TICK_MS);

  return {
    url,
    isLocal: address.loopback,
    lacksPage: !config.isHealthOnly && !existsSync(path.join(PAGE_ROOT, 'index.html')),
    async committed(pipeline, committed) {
      const found = views.find(({ run }) => run.config === pipeline);
      if (found) await inSlices(found.view.committed(committed), () => clock.elapsed());
    },
    hotStoreIsFilled: () => hotFill.done(),
    async stop() {
      clearInterval(timer);
      await server.close();
    },
  };
}

function pipelineNamed(runs: readonly PipelineRun[], name: string): LoadedPipeline {
  const found = runs.find(({ config }) => config.engine.pipeline === name);
  if (found) return found.config;
  const names = runs.map(({ config }) => config.engine.pipeline).join(', ');
  throw new AppError('pipeline_unknown', `no pipeline ${JSON.stringify(name)} runs here; expected one of: ${names}`);
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
