/** What the data directory says of its pipelines: the same whether they run or not, as of the last commit. */
import type { Clock } from '../../core/clock.ts';
import { noOutcomes, outcomesOf, recordsRead, type OutcomeCounts } from '../../core/outcome.ts';
import { instantOrNull } from '../../core/instant.ts';
import type { Log } from '../../log/log.ts';
import { unreadRecords } from '../../log/unread.ts';
import { statePrefix } from '../../pipeline/aggregate/aggregate.ts';
import { mergeStatePrefix } from '../../pipeline/engine.ts';
import { behindMs } from '../../pipeline/lag.ts';
import type { ReportAt } from '../../pipeline/aggregate/partition-report.ts';
import { fromStateEntries } from '../../pipeline/state-codec.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import { partitionName } from '../../windows/plan.ts';
import type { ReplayVerdict } from '../../windows/replay.ts';
import type { PartitionMeta } from '../../windows/snapshot.ts';
import type { WatermarksState } from '../../windows/merge/watermarks.ts';
import { connectHolder } from '../control/holder.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { readAlerts } from './alerts.ts';
import { countDeadLetters } from './dead-letters.ts';
import { readFleet, type Fleet } from './fleet.ts';
import { choosePipeline, pipelinesHere, type Reading } from './reading.ts';

type EventCounts = { readonly read: number } & Readonly<OutcomeCounts>;

export interface PartitionStatus {
  readonly partition: string;
  readonly events: EventCounts;
  /** Invalid records by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Dead letters that were sent in again and accepted. */
  readonly replayed: number;
  /** Ids remembered, and those forgotten before their time because there were more than `max_ids`. */
  readonly ids: { readonly remembered: number; readonly forgotten_early: number };
  /** ISO 8601 UTC; null before the first accepted event. */
  readonly watermark: string | null;
  /** The next record to judge, and the end of the partition; `lag` is what lies between. */
  readonly offset: number;
  readonly end: number;
  readonly lag: number;
  /** Event time by which its newest accepted event is behind now, s; 0 where all is read, null where nothing was accepted yet. */
  readonly lag_seconds: number | null;
}

export interface PipelineStatus {
  readonly pipeline: string;
  readonly file: string;
  /** Name of the zone by whose clock people are told times. */
  readonly time_zone: string;
  readonly revision: number;
  readonly events: EventCounts;
  readonly partitions: readonly PartitionStatus[];
  /** Windows that end up to here are final, those that end later open; null before the first accepted event. */
  readonly frontier: string | null;
  /** Per window size, without roll-ups: final rows, and events that came after the first final row. */
  readonly windows: Readonly<Record<string, { readonly results: number; readonly corrections: number }>>;
  readonly alerts: { readonly fired: number; readonly firing: number };
  readonly dead_letters: number;
  /** With the log in Kafka: who does what; null on one machine. */
  readonly fleet: Fleet | null;
}

export interface Status {
  readonly data: string;
  /** The process that holds the directory, with what it says of itself; null: none, or one that only writes for a moment. */
  readonly holder: ({ readonly pid: number } & Readonly<Record<string, unknown>>) | null;
  readonly pipelines: readonly PipelineStatus[];
}

/** `name`: of this pipeline alone; else of all that are this machine's. @throws AppError `pipeline_unknown` */
export async function readStatus(reading: Reading, clock: Pick<Clock, 'now'>, name?: string): Promise<Status> {
  const { dir, log, groups } = reading;
  const pipelines = name === undefined ? pipelinesHere(reading) : [choosePipeline(reading, name)];
  const statuses: PipelineStatus[] = [];
  for (const pipeline of pipelines) {
    const partitions = groups ? await toldPartitions(log, pipeline, clock.now()) : await notedPartitions(log, pipeline, clock.now());
    statuses.push(await pipelineStatus(log, pipeline, partitions, groups ? await readFleet(groups, log, pipeline) : null));
  }
  const holder = await connectHolder(dir);
  return { data: dir, holder: holder ? { ...(await holder.status()), pid: holder.pid } : null, pipelines: statuses };
}

async function notedPartitions(log: Log, pipeline: PipelineRecord, now: number): Promise<PartitionStatus[]> {
  const partitions: PartitionStatus[] = [];
  for (const { topic, partitions: count, outOfOrdernessMs } of pipeline.sources) {
    for (let partition = 0; partition < count; partition++)
      partitions.push(await partitionStatus(log, { pipeline: pipeline.name, topic, partition, outOfOrdernessMs, now }));
  }
  return partitions;
}

async function pipelineStatus(
  log: Log,
  pipeline: PipelineRecord,
  partitions: readonly PartitionStatus[],
  fleet: Fleet | null,
): Promise<PipelineStatus> {
  const alerts = await readAlerts(log, pipeline, {});
  return {
    pipeline: pipeline.name,
    file: pipeline.file,
    time_zone: pipeline.timeZone ?? 'UTC',
    revision: (await recordedRevisions(log, pipeline.name))?.windows.counter ?? 1,
    events: withRead(outcomesOf(partitions.map(({ events }) => events))),
    partitions,
    ...(await mergeStatus(log, pipeline, partitions)),
    alerts: { fired: alerts.length, firing: alerts.filter(({ status }) => status === 'firing').length },
    dead_letters: await countDeadLetters(log, pipeline),
    fleet,
  };
}

async function partitionStatus(
  log: Log,
  {
    pipeline,
    topic,
    partition,
    outOfOrdernessMs,
    now,
  }: { pipeline: string; topic: string; partition: number; outOfOrdernessMs: number; now: number },
): Promise<PartitionStatus> {
  const name = partitionName(topic, partition);
  const prefix = statePrefix(pipeline, name);
  const values = async (part: string) => fromStateEntries(prefix, await log.state(prefix + part));
  const meta = (await values('meta')).find(([key]) => key === 'meta')?.[1] as PartitionMeta | undefined;
  const verdicts = (await values('verdict/')).map(([, verdict]) => verdict as ReplayVerdict);
  const { start, end } = await log.bounds(topic, partition);
  const offset = (await log.committed(pipeline, topic, partition)) ?? start;
  const lag = Math.max(0, end - Math.max(offset, start));
  return {
    partition: name,
    events: withRead(meta?.totals ?? noOutcomes()),
    reasons: Object.fromEntries(meta?.reasons ?? []),
    replayed: verdicts.filter(({ outcome }) => outcome === 'accepted').length,
    ids: { remembered: meta?.ids?.remembered ?? 0, forgotten_early: meta?.ids?.forgotten ?? 0 },
    watermark: instantOrNull(meta?.watermark),
    offset,
    end,
    lag,
    lag_seconds: secondsOrNull(behindMs(lag, meta?.watermark ?? -Infinity, outOfOrdernessMs, now)),
  };
}

/**
 * With roles apart the partitions' owners tell the monitor how far they are, about once a second, and it notes that: their own ledgers
 * hold ids and panes too, far too much to read for this.
 */
async function toldPartitions(log: Log, pipeline: PipelineRecord, now: number): Promise<PartitionStatus[]> {
  const prefix = `stage/${pipeline.name}/report/`;
  const reports = new Map(fromStateEntries(prefix, await log.state(prefix)) as [string, ReportAt][]);
  const watermarks = new Map((await mergeMeta(log, pipeline))?.watermarks.watermarks.map(([name, at]) => [name, at]));
  const partitions: PartitionStatus[] = [];
  for (const { topic, partitions: count, outOfOrdernessMs = 0 } of pipeline.sources) {
    for (let partition = 0; partition < count; partition++) {
      const name = partitionName(topic, partition);
      const report = reports.get(name);
      const { start, end } = await log.bounds(topic, partition);
      const offset = report?.offset ?? start;
      const at = { topic, partition, offset: Math.max(offset, start), end };
      const lag = report?.caughtUp ? await unreadRecords(log, at) : Math.max(0, end - at.offset);
      const watermark = watermarks.get(name) ?? -Infinity;
      partitions.push({
        partition: name,
        events: withRead(report?.totals ?? noOutcomes()),
        reasons: Object.fromEntries(report?.reasons ?? []),
        replayed: report?.replayed ?? 0,
        ids: { remembered: report?.ids?.remembered ?? 0, forgotten_early: report?.ids?.forgottenEarly ?? 0 },
        watermark: instantOrNull(watermark),
        offset,
        end,
        lag,
        lag_seconds: secondsOrNull(behindMs(lag, watermark, outOfOrdernessMs, now)),
      });
    }
  }
  return partitions;
}

interface MergeMeta {
  readonly watermarks: WatermarksState;
  readonly results: readonly number[];
  readonly corrections: readonly number[];
}

async function mergeMeta(log: Log, pipeline: PipelineRecord): Promise<MergeMeta | undefined> {
  const prefix = mergeStatePrefix(pipeline.name);
  const entry = fromStateEntries(prefix, await log.state(`${prefix}meta`)).find(([key]) => key === 'meta');
  return entry?.[1] as MergeMeta | undefined;
}

/** From the state of the merge: its rows of windows that are still open are not counted there. */
async function mergeStatus(
  log: Log,
  pipeline: PipelineRecord,
  partitions: readonly PartitionStatus[],
): Promise<Pick<PipelineStatus, 'frontier' | 'windows'>> {
  const meta = await mergeMeta(log, pipeline);
  return {
    frontier: instantOrNull(Math.max(meta?.watermarks.frontier ?? -Infinity, passedByAll(partitions))),
    windows: Object.fromEntries(
      pipeline.windows.map(({ name }, w) => [name, { results: meta?.results[w] ?? 0, corrections: meta?.corrections[w] ?? 0 }]),
    ),
  };
}

/** The merge writes its state with the first window that closes: what all watermarks have passed is final before that too. Epoch ms. */
function passedByAll(partitions: readonly PartitionStatus[]): number {
  return Math.min(...partitions.map(({ watermark }) => (watermark === null ? -Infinity : Date.parse(watermark))));
}

function withRead(counts: Readonly<OutcomeCounts>): EventCounts {
  return { read: recordsRead(counts), ...counts };
}

function secondsOrNull(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms) / 1_000;
}
