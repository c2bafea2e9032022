/** An aggregation in this thread: reads the partition's records and its replays, and keeps what they change. */
import { counted } from '../../core/counted.ts';
import { deadLettersOf } from '../../dead-letter/letter-box.ts';
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import type { Log } from '../../log/log.ts';
import { sourceRulesOf } from '../../schemas/rules-of-schema.ts';
import { createCopiedOrigins } from '../../windows/copied-origins.ts';
import { createPartition } from '../../windows/partition.ts';
import type { Partials } from '../../windows/partials/partials.ts';
import { earliestEnd, partitionName, windowStarts } from '../../windows/plan.ts';
import { openDecoder } from '../../windows/projector/open-decoder.ts';
import { createReplay } from '../../windows/replay.ts';
import { createSnapshot, type PartitionMeta } from '../../windows/snapshot.ts';
import { fromStateEntries, toStateChanges } from '../state-codec.ts';
import { readBeginning } from './beginning.ts';
import {
  replayGroup,
  statePrefix,
  type Aggregate,
  type AggregateConfig,
  type AggregateDeps,
  type Beginning,
  type OpenAggregate,
  type OpenedAggregate,
} from './aggregate.ts';

/** While records come without end, replays are looked for this often, ms: a log across a network takes a round trip for each look. */
const REPLAY_EVERY_MS = 1_000;

const READ_SLOWER =
  'is read by the plain decoder from here on, several times slower and with the same results: the WebAssembly kernel that reads its events ' +
  'got no more memory. Give the process more (also of addresses: ulimit -v), or spread the partitions over more processes; a new start tries ' +
  'the kernel again.';

const KEEP_LONGER = 'No window counts them. Keep that topic for longer (retention.ms) than the pipeline may be away or behind.';

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

  const ofRaw = {
    isNoted: true,
    onGone(from: number, to: number) {
      const gone = `${counted(to - from, 'record')}, offsets ${from} to ${to - 1}, were deleted by Kafka's retention before they were counted`;
      deps.warn?.(`pipeline ${plan.spec.pipeline}: ${name}: ${gone}. ${KEEP_LONGER}`);
    },
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
      // Those that were seen are, however short ago they were looked for: they are judged before what comes behind `from` is read.
      const isReplayDue = caughtUp || replays.seen > replayOffset || deps.elapsed() - noReplaysAt >= REPLAY_EVERY_MS;
      const replayed = isReplayDue ? await stepReplay() : 0;
      const at = deps.elapsed();
      const batch = await log.read(topic, number, offset, { ...upTo(replays.from - offset), ...ofRaw, lentTo: aggregate });
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
        explain: (reason, text) => deps.explain?.(source.name, reason, text),
      });
      for (const entry of fresh) {
        letters.push(entry);
        const { payload, payload_base64, detail } = entry.letter;
        letterBytes += (payload ?? payload_base64 ?? '').length + (detail ?? '').length;
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
