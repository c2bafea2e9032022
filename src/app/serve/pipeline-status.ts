/** How a pipeline stands: what became of its records, how far it is, what waits where, and what slows it down. */
import type { Clock } from '../../core/clock.ts';
import { instantOrNull } from '../../core/instant.ts';
import { outcomesOf, reasonsOf, recordsRead } from '../../core/outcome.ts';
import { inSlices } from '../../core/slices.ts';
import type { HotStore } from '../../hot-store/hot-store.ts';
import type { Log } from '../../log/log.ts';
import type { AggregateStatus } from '../../pipeline/aggregate/aggregate.ts';
import { createLagMeter } from '../../pipeline/lag.ts';
import { olapGroup } from '../../pipeline/olap-writer.ts';
import type { Backpressure, PipelineStatus } from '../../server/api.ts';
import { defaultLimits } from '../../server/limits.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import type { createAlertBook } from './alert-book.ts';
import type { createLetterIndex } from './letter-index.ts';
import type { OlapSide } from './olap-side.ts';
import type { createRate } from './rate.ts';

export interface PipelineStatusDeps {
  readonly log: Pick<Log, 'bounds' | 'committed' | 'read'>;
  readonly clock: Clock;
  readonly hotStore: Pick<HotStore, 'waiting'>;
  readonly olap: Pick<OlapSide, 'state'>;
  readonly alerts: Pick<ReturnType<typeof createAlertBook>, 'firing'>;
  readonly letters: Pick<ReturnType<typeof createLetterIndex>, 'count'>;
  readonly rate: Pick<ReturnType<typeof createRate>, 'perSecond'>;
}

export interface StatusOfPipeline {
  status(): Promise<PipelineStatus>;
  partitions(): Promise<PipelineStatus['partitions']>;
}

export function createPipelineStatus(run: PipelineRun, deps: PipelineStatusDeps): StatusOfPipeline {
  const { log, clock, hotStore, olap, alerts, letters, rate } = deps;
  const { config, engine } = run;
  const { topics } = config;
  const { pipeline } = config.engine;
  const meter = createLagMeter(config.engine, { log, clock });

  async function lagOf(group: string, names: readonly string[]): Promise<number> {
    let lag = 0;
    for (const topic of names) {
      const { start, end } = await log.bounds(topic, 0);
      lag += end - Math.max(start, (await log.committed(group, topic, 0)) ?? 0);
    }
    return lag;
  }

  async function partitions(): Promise<PipelineStatus['partitions']> {
    const known = engine.partitions();
    const lags = await meter.measure(known);
    return lags.map(({ name, offset, end, records, behindMs }, i) => ({
      name,
      offset,
      end,
      lag: records,
      lag_seconds: behindMs === undefined ? null : Math.round(behindMs) / 1_000,
      watermark: instantOrNull(known[i]!.watermark),
      outcomes: { ...known[i]!.totals },
      ids: idsOf(known[i]!),
    }));
  }

  /** What holds reading up, and how many wait where. */
  async function pressureOf(read: PipelineStatus['partitions']) {
    const partials = await run.pressure.partials();
    const hotStoreRows = hotStore.waiting?.() ?? 0;
    const now: Record<Backpressure, boolean> = {
      monitor: partials !== undefined && partials.waiting > partials.limit,
      hot_store: hotStoreRows > 0,
      priority: run.pressure.givesWay(),
      backlog: read.some(({ lag }) => lag > defaultLimits.backlogRecords),
    };
    const backpressure = (Object.keys(now) as Backpressure[]).filter((reason) => now[reason]);
    return { partials: partials?.waiting ?? 0, hotStoreRows, backpressure };
  }

  async function status(): Promise<PipelineStatus> {
    // Taken together, so that reasons and outcomes agree.
    const counted = engine.partitions();
    const totals = outcomesOf(counted.map((partition) => partition.totals));
    const reasons = reasonsOf(counted.map((partition) => partition.reasons));
    const replayed = counted.reduce((sum, partition) => sum + partition.replayed, 0);
    const frontier = instantOrNull(engine.frontier);
    const { count: firing, groups } = await alerts.firing();
    const windows = await inSlices(engine.counts(), () => clock.elapsed());
    const hasOlap = olap.state() !== 'none';
    const read = await partitions();
    const { backpressure, partials, hotStoreRows } = await pressureOf(read);
    return {
      pipeline,
      outcomes: { read: recordsRead(totals), ...totals },
      invalid_reasons: Object.fromEntries(reasons),
      replayed,
      records_per_second: rate.perSecond(),
      partitions: read,
      frontier,
      windows,
      alerts: { ...run.notify.counts(), firing, groups },
      looks: run.looks(),
      threads: run.threads(),
      dead_letters: await letters.count(),
      queues: {
        olap_lag: hasOlap ? await lagOf(olapGroup(pipeline), [topics.windows, topics.alerts, topics.deadLetters]) : 0,
        notifications: run.notify.waiting(),
        hot_store_rows: hotStoreRows,
        partials,
      },
      backpressure,
      olap_store: olap.state(),
    };
  }

  return { status, partitions };
}

function idsOf({ ids: { remembered, forgottenEarly, bytes } }: AggregateStatus): PipelineStatus['partitions'][number]['ids'] {
  return { remembered, forgotten_early: forgottenEarly, bytes };
}
