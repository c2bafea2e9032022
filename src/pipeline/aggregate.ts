/** The aggregation of one input partition as a stage: reads its records and its replays, and keeps what they change. */
import { deadLettersOf } from '../dead-letter/letter-box.ts';
import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import type { OutcomeCounts } from '../core/outcome.ts';
import type { Log, RecordBatch, StateChange } from '../log/log.ts';
import { createDecoder, type CheckFields, type ParseRecord } from '../windows/decoder.ts';
import type { IdKey } from '../windows/id-hash.ts';
import type { RestoredPanes } from '../windows/merge.ts';
import { createPartition, type ClockMode, type Judged } from '../windows/partition.ts';
import type { Partials } from '../windows/partials.ts';
import { earliestEnd, partitionName, windowStarts, type Plan } from '../windows/plan.ts';
import { createReplay } from '../windows/replay.ts';
import { createSnapshot, type PartitionMeta } from '../windows/snapshot.ts';
import type { SourceSpec } from '../windows/spec.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

export interface AggregateConfig {
  readonly plan: Plan;
  readonly source: SourceSpec;
  readonly partition: number;
  readonly replayTopic: string;
  readonly clock: ClockMode;
  /** Offset to begin at where nothing is committed. */
  readonly start: (bounds: { start: number; end: number }) => Promise<number> | number;
  /** Windows that begin before it are not of this revision, epoch ms. */
  readonly completeFrom: number;
  readonly maxBatchBytes: number;
  readonly maxBatchRecords?: number;
}

export interface AggregateDeps {
  readonly log: Log;
  readonly parse: ParseRecord;
  readonly check?: CheckFields;
  readonly randomKey: () => IdKey;
  /** Monotonic, ms. */
  readonly elapsed: () => number;
  /** Told of every batch judged, before anything of it is committed. */
  readonly onJudged?: (batch: RecordBatch, judged: Judged) => void;
}

export interface Aggregate {
  readonly name: string;
  readonly source: SourceSpec;
  /** Judges the next batch; resolves to its records, 0 where there was none. */
  step(): Promise<number>;
  /** Caught up, and nothing accepted for `idle_after`; where nothing more will come (`readToEnd`), caught up is enough. */
  isIdle(readToEnd: boolean): boolean;
  /** What to tell the merge now. */
  takePartials(readToEnd: boolean): Partials;
  /** What to commit with the partials last taken. `release`: forgets a pane in the merge, if it may go. */
  takeCommit(release: (paneStart: number) => boolean): {
    offsets: { group: string; topic: string; partition: number; offset: number }[];
    state: StateChange[];
    deadLetters: { key: string; letter: DeadLetter }[];
  };
  /** The limits that were reached, once each: when the first event beyond has come since the last commit; its event time, epoch ms. */
  takeLimits(): [kind: 'series' | 'ids', time: number][];
  /** Event time of the first event beyond `max_series`, of the first beyond `max_ids`, epoch ms; undefined: none. */
  overflowedAt(): number | undefined;
  idsForgottenAt(): number | undefined;
  status(): AggregateStatus;
}

export interface AggregateStatus {
  readonly name: string;
  readonly totals: Readonly<OutcomeCounts>;
  readonly reasons: ReadonlyMap<string, number>;
  readonly replayed: number;
  readonly watermark: number;
  readonly offset: number;
  readonly end: number;
  readonly caughtUp: boolean;
  readonly deadLetterBytes: number;
  readonly ids: IdCounts;
}

/** The ids that a partition remembers, those that it forgot before their time for `max_ids`, and the memory that it takes, bytes. */
export interface IdCounts {
  readonly remembered: number;
  readonly forgottenEarly: number;
  readonly bytes: number;
}

export function statePrefix(pipeline: string, partition: string): string {
  return `aggregate/${pipeline}/${partition}/`;
}

/** The consumer group that reads a source's share of the replay topic. */
export function replayGroup(pipeline: string, topic: string): string {
  return `${pipeline}/${topic}`;
}

/** Opens the stage with the state of an earlier life, if there is one; its panes are for the merge. */
export async function openAggregate(config: AggregateConfig, deps: AggregateDeps): Promise<{ aggregate: Aggregate; panes: RestoredPanes }> {
  const { plan, source, partition: number, replayTopic } = config;
  const { log } = deps;
  const { topic } = source;
  const name = partitionName(topic, number);
  const prefix = statePrefix(plan.spec.pipeline, name);
  const group = plan.spec.pipeline;
  const replaysReadAs = replayGroup(plan.spec.pipeline, topic);
  const entries = fromStateEntries(prefix, await log.state(prefix));
  const meta = entries.find(([key]) => key === 'meta')?.[1] as PartitionMeta | undefined;
  const idKey = meta?.idKey ?? deps.randomKey();
  const decoder = createDecoder(plan, source, { parse: deps.parse, ...(deps.check && { check: deps.check }), idKey });
  const partition = createPartition(plan, source, decoder);
  const replay = createReplay(
    { plan, origins: `${topic}/${number}/`, completeFrom: config.completeFrom },
    decoder,
    partition.internals.ids,
  );
  const snapshot = createSnapshot(partition, replay, idKey);
  const panes = { partition: name, ...snapshot.restore(entries) };

  let offset = (await log.committed(group, topic, number)) ?? (await config.start(await log.bounds(topic, number)));
  let replayOffset = (await log.committed(replaysReadAs, replayTopic, number)) ?? 0;
  // Replays wait for what was in the log before: read first, they would count beside events with the same id.
  const endAtOpening = (await log.bounds(topic, number)).end;
  let caughtUp = false;
  let end = offset;
  let lastAccepted = deps.elapsed();
  let letters: { key: string; letter: DeadLetter }[] = [];
  let letterBytes = 0;
  const { ids } = partition.internals;
  const limitsTold = { series: partition.overflowedAt !== undefined, ids: ids.limit.forgottenAt !== undefined };
  let taken: { live: Partials['live']; replayed: Partials['replayed'] } = { live: [], replayed: [] };
  const limits = {
    maxBytes: config.maxBatchBytes,
    ...(config.maxBatchRecords !== undefined && { maxRecords: config.maxBatchRecords }),
  };

  function windowStart(time: number): number {
    const firstEnd = earliestEnd(plan.windows, time);
    return plan.windows.flatMap((spec) => windowStarts(spec, time).filter((start) => start + spec.sizeMs === firstEnd))[0]!;
  }

  function isIdle(readToEnd: boolean): boolean {
    return caughtUp && (readToEnd || deps.elapsed() - lastAccepted >= plan.spec.limits.idleAfterMs);
  }

  async function stepReplay(): Promise<number> {
    if (offset < endAtOpening) return 0;
    const batch = await log.read(replayTopic, number, replayOffset, limits);
    if (!batch) return 0;
    replay.process(batch, partition.watermark);
    replayOffset = batch.firstOffset + batch.count;
    return batch.count;
  }

  const aggregate: Aggregate = {
    name,
    source,
    async step() {
      const replays = await stepReplay();
      const batch = await log.read(topic, number, offset, limits);
      caughtUp = batch === undefined;
      if (!batch) {
        end = offset;
        return replays;
      }
      const before = partition.totals.accepted;
      const judged = partition.process(batch, config.clock);
      if (partition.totals.accepted > before) lastAccepted = deps.elapsed();
      deps.onJudged?.(batch, judged);
      const fresh = deadLettersOf(batch, judged, {
        withAppendTime: config.clock === 'append',
        windowStart,
        maxRecordBytes: plan.spec.limits.maxRecordBytes,
      });
      for (const entry of fresh) {
        letters.push(entry);
        letterBytes += (entry.letter.payload ?? entry.letter.payload_base64 ?? '').length;
      }
      offset = batch.firstOffset + batch.count;
      end = Math.max(end, offset);
      return batch.count + replays;
    },
    isIdle,
    takePartials(readToEnd) {
      taken = { live: partition.takeChangedPanes(), replayed: replay.takeChangedPanes() };
      const progress = { offset, watermark: partition.watermark, idle: isIdle(readToEnd), epoch: 0, turn: 0 };
      return { partition: name, ...taken, finals: partition.takeFinals(), progress };
    },
    takeCommit(release) {
      for (const start of partition.expiredPanes()) {
        if (!release(start)) continue;
        partition.internals.panes.drop(start);
        snapshot.dropped(start);
      }
      const deadLetters = letters;
      letters = [];
      letterBytes = 0;
      return {
        offsets: [
          { group, topic, partition: number, offset },
          { group: replaysReadAs, topic: replayTopic, partition: number, offset: replayOffset },
        ],
        state: toStateChanges(prefix, snapshot.takeChanges(taken)),
        deadLetters,
      };
    },
    takeLimits() {
      const reached = { series: partition.overflowedAt, ids: ids.limit.forgottenAt };
      return (['series', 'ids'] as const).flatMap((kind): [typeof kind, number][] => {
        const time = reached[kind];
        if (limitsTold[kind] || time === undefined) return [];
        limitsTold[kind] = true;
        return [[kind, time]];
      });
    },
    overflowedAt: () => partition.overflowedAt,
    idsForgottenAt: () => ids.limit.forgottenAt,
    status: () => ({
      name,
      totals: partition.totals,
      reasons: partition.reasons,
      replayed: replay.replayed,
      watermark: partition.watermark,
      offset,
      end,
      caughtUp,
      deadLetterBytes: letterBytes,
      ids: { remembered: ids.limit.size, forgottenEarly: ids.limit.forgotten, bytes: ids.bytes },
    }),
  };
  return { aggregate, panes };
}
