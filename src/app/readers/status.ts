/** What the data directory says of its pipelines: the same whether they run or not, as of the last commit. */
import { noOutcomes, recordsRead, type OutcomeCounts } from '../../core/outcome.ts';
import type { Log } from '../../log/log.ts';
import { statePrefix } from '../../pipeline/aggregate.ts';
import { mergeStatePrefix } from '../../pipeline/engine.ts';
import { fromStateEntries } from '../../pipeline/state-codec.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import { partitionName } from '../../windows/plan.ts';
import type { ReplayVerdict } from '../../windows/replay.ts';
import type { PartitionMeta } from '../../windows/snapshot.ts';
import { connectHolder } from '../control/holder.ts';
import type { PipelineRecord } from '../pipeline-record.ts';
import { readAlerts } from './alerts.ts';
import type { Reading } from './reading.ts';

type EventCounts = { readonly read: number } & Readonly<OutcomeCounts>;

export interface PartitionStatus {
  readonly partition: string;
  readonly events: EventCounts;
  /** Invalid records by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Dead letters that were sent in again and accepted. */
  readonly replayed: number;
  /** ISO 8601 UTC; null before the first accepted event. */
  readonly watermark: string | null;
  /** The next record to judge, and the end of the partition; `lag` is what lies between. */
  readonly offset: number;
  readonly end: number;
  readonly lag: number;
}

export interface PipelineStatus {
  readonly pipeline: string;
  readonly file: string;
  readonly revision: number;
  readonly events: EventCounts;
  readonly partitions: readonly PartitionStatus[];
  /** Windows that end up to here are final, those that end later open; null before the first accepted event. */
  readonly frontier: string | null;
  /** Per window size, without roll-ups: final rows, and events that came after the first final row. */
  readonly windows: Readonly<Record<string, { readonly results: number; readonly corrections: number }>>;
  readonly alerts: { readonly fired: number; readonly firing: number };
  readonly dead_letters: number;
}

export interface Status {
  readonly data: string;
  /** The process that holds the directory, with what it says of itself; null: none, or one that only writes for a moment. */
  readonly holder: ({ readonly pid: number } & Readonly<Record<string, unknown>>) | null;
  readonly pipelines: readonly PipelineStatus[];
}

export async function readStatus({ dir, log, pipelines }: Reading): Promise<Status> {
  const statuses: PipelineStatus[] = [];
  for (const pipeline of pipelines) statuses.push(await pipelineStatus(log, pipeline));
  const holder = await connectHolder(dir);
  return { data: dir, holder: holder ? { ...(await holder.status()), pid: holder.pid } : null, pipelines: statuses };
}

async function pipelineStatus(log: Log, pipeline: PipelineRecord): Promise<PipelineStatus> {
  const partitions: PartitionStatus[] = [];
  for (const { topic, partitions: count } of pipeline.sources) {
    for (let partition = 0; partition < count; partition++) partitions.push(await partitionStatus(log, pipeline.name, topic, partition));
  }
  const totals = noOutcomes();
  for (const { events } of partitions)
    for (const outcome of Object.keys(totals) as (keyof OutcomeCounts)[]) totals[outcome] += events[outcome];
  const alerts = await readAlerts(log, pipeline, {});
  const letters = await log.bounds(pipeline.topics.deadLetters, 0);
  return {
    pipeline: pipeline.name,
    file: pipeline.file,
    revision: (await recordedRevisions(log, pipeline.name))?.windows.counter ?? 1,
    events: withRead(totals),
    partitions,
    ...(await mergeStatus(log, pipeline, partitions)),
    alerts: { fired: alerts.length, firing: alerts.filter(({ status }) => status === 'firing').length },
    dead_letters: letters.end - letters.start,
  };
}

async function partitionStatus(log: Log, pipeline: string, topic: string, partition: number): Promise<PartitionStatus> {
  const name = partitionName(topic, partition);
  const prefix = statePrefix(pipeline, name);
  const values = async (part: string) => fromStateEntries(prefix, await log.state(prefix + part));
  const meta = (await values('meta')).find(([key]) => key === 'meta')?.[1] as PartitionMeta | undefined;
  const verdicts = (await values('verdict/')).map(([, verdict]) => verdict as ReplayVerdict);
  const { start, end } = await log.bounds(topic, partition);
  const offset = (await log.committed(pipeline, topic, partition)) ?? start;
  return {
    partition: name,
    events: withRead(meta?.totals ?? noOutcomes()),
    reasons: Object.fromEntries(meta?.reasons ?? []),
    replayed: verdicts.filter(({ outcome }) => outcome === 'accepted').length,
    watermark: isoOrNull(meta?.watermark),
    offset,
    end,
    lag: Math.max(0, end - Math.max(offset, start)),
  };
}

/** From the state of the merge: its rows of windows that are still open are not counted there. */
async function mergeStatus(
  log: Log,
  pipeline: PipelineRecord,
  partitions: readonly PartitionStatus[],
): Promise<Pick<PipelineStatus, 'frontier' | 'windows'>> {
  const prefix = mergeStatePrefix(pipeline.name);
  const entry = fromStateEntries(prefix, await log.state(`${prefix}meta`)).find(([key]) => key === 'meta');
  const meta = entry?.[1] as { watermarks: { frontier: number }; results: number[]; corrections: number[] } | undefined;
  return {
    frontier: isoOrNull(Math.max(meta?.watermarks.frontier ?? -Infinity, passedByAll(partitions))),
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

function isoOrNull(time: number | undefined): string | null {
  return time === undefined || !Number.isFinite(time) ? null : new Date(time).toISOString();
}
