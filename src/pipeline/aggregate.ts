/** The aggregation of one input partition as a stage: reads its records and its replays, and keeps what they change. */
import { deadLettersOf } from '../dead-letter/letter-box.ts';
import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import type { OutcomeCounts } from '../core/outcome.ts';
import { keyAt } from '../log/batch.ts';
import type { Log, RecordBatch, StateChange } from '../log/log.ts';
import { sourceRulesOf } from '../schemas/rules-of-schema.ts';
import type { CheckFields, ParseRecord } from '../windows/decoder.ts';
import { createCopiedOrigins } from '../windows/copied-origins.ts';
import type { IdKey } from '../windows/id-hash.ts';
import type { LimitKind, LimitSpan } from '../windows/limit-episodes.ts';
import type { RestoredPanes } from '../windows/panes.ts';
import { createPartition, type ClockMode, type Judged } from '../windows/partition.ts';
import type { Partials, Progress } from '../windows/partials.ts';
import type { Told } from '../windows/partials-codec.ts';
import { earliestEnd, partitionName, windowStarts, type Plan } from '../windows/plan.ts';
import { openDecoder } from '../windows/projector/open-decoder.ts';
import { createReplay } from '../windows/replay.ts';
import { createSnapshot, type PartitionMeta } from '../windows/snapshot.ts';
import type { SourceSpec } from '../windows/spec.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

export interface AggregateConfig {
  readonly plan: Plan;
  readonly source: SourceSpec;
  readonly partition: number;
  readonly replayTopic: string;
  /** Of the windows stage; stands in the dead letters. */
  readonly revision: number;
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
  /** For the person at the terminal. */
  readonly warn?: (message: string) => void;
}

/** What an aggregation takes up, read from the log by whoever owns its state. Structured-cloneable. */
export interface Beginning {
  readonly state: readonly (readonly [key: string, bytes: Uint8Array])[];
  /** The next records to read, of the input partition and of its replays. */
  readonly offset: number;
  readonly replayOffset: number;
  /** Where the partition ended when this was read. */
  readonly end: number;
  /** Of the records to read those that were sent in again already, by offset. */
  readonly copied: readonly number[];
}

export interface OpenedAggregate {
  readonly aggregate: Aggregate;
  /** Of an earlier life, for the merge. */
  readonly panes: RestoredPanes;
}

export type OpenAggregate = (config: AggregateConfig, deps: AggregateDeps) => Promise<OpenedAggregate>;

/** May be at work in another thread: what it hands over comes as a promise, what it shows is as of its last answer. */
export interface Aggregate {
  readonly name: string;
  readonly source: SourceSpec;
  /** Its steps go on beside those of others; the rest take turns. */
  readonly isElsewhere: boolean;
  /** Judges the next records; resolves to their number, 0 where there were none. */
  step(): Promise<number>;
  /** Caught up, and nothing accepted for `idle_after`; where nothing more will come (`readToEnd`), caught up is enough. */
  isIdle(readToEnd: boolean): boolean;
  /** What to tell the merge now. No step may be made before the commit that belongs to it is taken. */
  takePartials(readToEnd: boolean): Promise<TakenPartials>;
  /** What to commit with the partials last taken. `released`: the expired panes that nothing needs any more; they are forgotten. */
  takeCommit(released: readonly number[]): Promise<AggregateCommit>;
  status(): AggregateStatus;
  /** Lets go of what is held for it elsewhere. */
  close(): Promise<void>;
}

export interface TakenPartials {
  readonly told: Told;
  readonly replayed: Partials['replayed'];
  readonly progress: Progress;
  /** Starts of panes that no event can reach any more and whose windows are all final here. */
  readonly expired: readonly number[];
}

export interface AggregateCommit {
  readonly offsets: { group: string; topic: string; partition: number; offset: number }[];
  readonly state: StateChange[];
  readonly deadLetters: { key: string; letter: DeadLetter }[];
}

export interface AggregateStatus {
  readonly name: string;
  readonly totals: Readonly<OutcomeCounts>;
  readonly reasons: ReadonlyMap<string, number>;
  readonly replayed: number;
  readonly watermark: number;
  /** When it had more segments than `max_series`, ids than `max_ids`, in order. */
  readonly limits: LimitSpans;
  /** Event time of the first accepted event that is known of, epoch ms; undefined before it, and where an older state does not say. */
  readonly firstTime: number | undefined;
  readonly offset: number;
  readonly end: number;
  readonly caughtUp: boolean;
  readonly deadLetterBytes: number;
  readonly ids: IdCounts;
}

export type LimitSpans = Readonly<Record<LimitKind, readonly LimitSpan[]>>;

/** The ids that a partition remembers, those that it forgot before their time for `max_ids`, and the memory that it takes, bytes. */
export interface IdCounts {
  readonly remembered: number;
  readonly forgottenEarly: number;
  readonly bytes: number;
}

export function statePrefix(pipeline: string, partition: string): string {
  return `aggregate/${pipeline}/${partition}/`;
}

/** While records come without end, replays are looked for this often, ms: a log across a network takes a round trip for each look. */
const REPLAY_EVERY_MS = 1_000;

/** The consumer group that reads a source's share of the replay topic. */
export function replayGroup(pipeline: string, topic: string): string {
  return `${pipeline}/${topic}`;
}

export async function readBeginning(
  { plan, source: { topic }, partition, replayTopic, start }: AggregateConfig,
  log: Pick<Log, 'state' | 'committed' | 'bounds' | 'read'>,
): Promise<Beginning> {
  const { pipeline } = plan.spec;
  const bounds = await log.bounds(topic, partition);
  const { end } = bounds;
  const offset = (await log.committed(pipeline, topic, partition)) ?? (await start(bounds));
  const replayOffset = (await log.committed(replayGroup(pipeline, topic), replayTopic, partition)) ?? 0;
  return {
    state: await log.state(statePrefix(pipeline, partitionName(topic, partition))),
    offset,
    replayOffset,
    end,
    copied: offset < end ? await copiedOrigins(log, { topic, partition, from: offset, replayTopic, replayOffset }) : [],
  };
}

/**
 * Of the partition's offsets from `from` on those that stand on the replay topic: many where everything is read again, none where a run goes
 * on, as only what was judged is sent in again.
 */
async function copiedOrigins(
  log: Pick<Log, 'read' | 'bounds'>,
  of: { topic: string; partition: number; from: number; replayTopic: string; replayOffset: number },
): Promise<number[]> {
  const { topic, partition, from, replayTopic, replayOffset } = of;
  const origins = `${topic}/${partition}/`;
  const copied = new Set<number>();
  const { end } = await log.bounds(replayTopic, partition);
  for (let at = replayOffset; at < end;) {
    const batch = await log.read(replayTopic, partition, at, { maxBytes: COPIES_READ_BYTES });
    if (!batch) break;
    for (let i = 0; i < batch.count; i++) {
      const origin = Buffer.from(keyAt(batch, i) ?? []).toString();
      if (origin.startsWith(origins) && Number(origin.slice(origins.length)) >= from) copied.add(Number(origin.slice(origins.length)));
    }
    at = batch.firstOffset + batch.count;
  }
  return [...copied];
}

const COPIES_READ_BYTES = 1 << 20;

const READ_SLOWER =
  'is read by the plain decoder from here on, several times slower and with the same results: the WebAssembly kernel that reads its events ' +
  'got no more memory. Give the process more (also of addresses: ulimit -v), or spread the partitions over more processes; a new start tries ' +
  'the kernel again.';

/** Opens the stage, in this thread, with the state of an earlier life, if there is one. */
export const openAggregate: OpenAggregate = async (config, deps) => createAggregate(config, await readBeginning(config, deps.log), deps);

export function createAggregate(
  config: Omit<AggregateConfig, 'start'>,
  beginning: Beginning,
  deps: Omit<AggregateDeps, 'log'> & { readonly log: Pick<Log, 'read' | 'left' | 'bounds'> },
): OpenedAggregate {
  const { plan, source, partition: number, replayTopic } = config;
  const { log } = deps;
  const { topic } = source;
  const name = partitionName(topic, number);
  const prefix = statePrefix(plan.spec.pipeline, name);
  const entries = fromStateEntries(prefix, beginning.state);
  const meta = entries.find(([key]) => key === 'meta')?.[1] as PartitionMeta | undefined;
  const idKey = meta?.idKey ?? deps.randomKey();
  const rules = sourceRulesOf(source);
  const onSlower = (): void => deps.warn?.(`pipeline ${plan.spec.pipeline}: ${name} ${READ_SLOWER}`);
  const decoder = openDecoder(plan, source, { parse: deps.parse, ...(deps.check && { check: deps.check }), idKey, rules, onSlower });
  const partition = createPartition(plan, source, decoder);
  const copied = createCopiedOrigins(beginning.copied);
  const replay = createReplay(
    { plan, origins: `${topic}/${number}/`, completeFrom: config.completeFrom },
    { decoder, ids: partition.internals.ids, copied },
  );
  const snapshot = createSnapshot({ partition, replay, copied, columns: plan.columns.length }, idKey);
  const panes = { partition: name, ...snapshot.restore(entries) };

  let { offset, replayOffset } = beginning;
  // Replays up to `seen` wait until the partition is read up to `from`, where it ended when they were seen, and are judged right there: sooner,
  // one would count beside an event with the same id; and in which batches all that is read makes no difference.
  const replays = { seen: replayOffset, from: beginning.end };
  let caughtUp = false;
  let end = offset;
  /** When there were no replays to read. */
  let noReplaysAt = -Infinity;
  let lastAccepted = deps.elapsed();
  /** When it was last found that there is nothing to read: a process that stood still since then cannot tell. */
  let caughtUpAt = lastAccepted;
  let letters: { key: string; letter: DeadLetter }[] = [];
  let letterBytes = 0;
  const { ids } = partition.internals;
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
    return caughtUp && (readToEnd || caughtUpAt - lastAccepted >= plan.spec.limits.idleAfterMs);
  }

  async function stepReplay(): Promise<number> {
    if (offset < replays.from) return 0;
    const batch = await log.read(replayTopic, number, replayOffset, upTo(replays.seen - replayOffset));
    if (!batch) {
      noReplaysAt = deps.elapsed();
      return 0;
    }
    const next = batch.firstOffset + batch.count;
    if (next > replays.seen) {
      replays.seen = next;
      replays.from = (await log.bounds(topic, number)).end;
      if (offset < replays.from) return 0;
    }
    replay.process(batch, partition.watermark);
    replayOffset = next;
    return batch.count;
  }

  /** So many records at most, where it is more than none. */
  const upTo = (records: number): typeof limits =>
    records <= 0 ? limits : { ...limits, maxRecords: Math.min(records, limits.maxRecords ?? records) };

  const aggregate: Aggregate = {
    name,
    source,
    isElsewhere: false,
    async step() {
      const isReplayDue = caughtUp || deps.elapsed() - noReplaysAt >= REPLAY_EVERY_MS;
      const replayed = isReplayDue ? await stepReplay() : 0;
      const at = deps.elapsed();
      const batch = await log.read(topic, number, offset, { ...upTo(replays.from - offset), lentTo: aggregate });
      caughtUp = batch === undefined;
      if (!batch) {
        end = offset;
        caughtUpAt = at;
        // What is left up to there are no records, but a producer's markers, or lies beyond what this run reads.
        const isAwaited = replays.from > offset;
        replays.from = Math.min(replays.from, offset);
        // The end is reached when replays were looked for as well.
        return isReplayDue && !isAwaited ? replayed : aggregate.step();
      }
      const before = partition.totals.accepted;
      const judged = partition.process(batch, config.clock);
      if (partition.totals.accepted > before) lastAccepted = deps.elapsed();
      copied.note(batch, judged.outcomes);
      deps.onJudged?.(batch, judged);
      const fresh = deadLettersOf(batch, judged, {
        revision: config.revision,
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
      return batch.count + replayed;
    },
    isIdle,
    async takePartials(readToEnd) {
      taken = { live: partition.takeChangedPanes(), replayed: replay.takeChangedPanes() };
      const progress = { offset, watermark: partition.watermark, idle: isIdle(readToEnd), epoch: 0, turn: 0 };
      const { live, replayed } = taken;
      return { told: { live, finals: partition.takeFinals() }, replayed, progress, expired: partition.expiredPanes() };
    },
    async takeCommit(released) {
      for (const start of released) {
        partition.internals.panes.drop(start);
        snapshot.dropped(start);
      }
      const deadLetters = letters;
      letters = [];
      letterBytes = 0;
      return {
        offsets: [
          { group: plan.spec.pipeline, topic, partition: number, offset },
          { group: replayGroup(plan.spec.pipeline, topic), topic: replayTopic, partition: number, offset: replayOffset },
        ],
        state: toStateChanges(prefix, snapshot.takeChanges(taken)),
        deadLetters,
      };
    },
    status: () => ({
      name,
      totals: partition.totals,
      reasons: partition.reasons,
      replayed: replay.replayed,
      watermark: partition.watermark,
      limits: partition.limits(),
      firstTime: partition.firstTime,
      offset,
      end,
      caughtUp,
      deadLetterBytes: letterBytes,
      ids: { remembered: ids.limit.size, forgottenEarly: ids.limit.forgotten, bytes: ids.bytes },
    }),
    close: async () => log.left?.(aggregate),
  };
  return { aggregate, panes };
}
