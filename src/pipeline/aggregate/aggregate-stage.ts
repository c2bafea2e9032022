/**
 * The aggregation of one input partition on its own, with a log view (a ledger) of its own: what it judged goes to `p.partials` and
 * `p.dlq` first, then its state and offsets are noted. A crash in between tells some of it again, and that changes nothing: panes are
 * absolute, what follows from the partition is the same in every life.
 *
 * Only the verdict on a replay hangs on when it was judged. So what replays change is told after the verdicts have been noted.
 */
import { AppError } from '../../core/errors.ts';
import { atOnce } from '../../core/slices.ts';
import { shortenLongest } from '../../dead-letter/shorten.ts';
import { packRecords } from '../../log/batch.ts';
import type { CommitUnit, RecordsToAppend, StateChange } from '../../log/log.ts';
import { encodeTold } from '../../windows/partials/codec.ts';
import type { PanePartial } from '../../windows/panes.ts';
import type { AggregateCommit, AggregateConfig, AggregateDeps, AggregateStatus, OpenAggregate, OpenedAggregate } from './aggregate.ts';
import { readAppendedTail } from '../appended-tail.ts';
import { appendLetters } from '../appends.ts';
import { openAggregate } from './local-aggregate.ts';
import type { PartitionReport } from './partition-report.ts';
import { fromStateEntries, toStateChanges } from '../state-codec.ts';
import { partialsTopic } from '../stage-topics.ts';
import type { PipelineTopics } from '../topics.ts';

export interface AggregateStageConfig extends Omit<AggregateConfig, 'replayTopic'> {
  readonly topics: PipelineTopics;
}

export interface AggregateStage {
  readonly name: string;
  /** As of its aggregate. */
  readonly isElsewhere: boolean;
  /** Judges the next records; resolves to their number, 0 where there were none or the monitor is too far behind. */
  step(): Promise<number>;
  /** Whether there is something to tell. */
  hasNews(): boolean;
  /**
   * Tells what the steps have yielded, then notes state and offsets. `readToEnd`: nothing more will come, being caught up is being idle.
   * @throws AppError `log_fenced` where another has taken the partition over: nothing of this stage counts any more
   */
  commit(options?: { readonly readToEnd?: boolean; readonly state?: readonly StateChange[] }): Promise<void>;
  status(): AggregateStatus;
  /** Lets go of its aggregation, not of the log. */
  close(): Promise<void>;
}

export interface AggregateStageDeps extends AggregateDeps {
  /** Where the aggregation takes place; default: in this thread. */
  readonly openAggregate?: OpenAggregate;
  /** Records of `p.partials` that the monitor has not taken in. */
  readonly monitorLag: () => Promise<number>;
}

/** The aggregation waits while the monitor is further behind: records of `p.partials`. */
export const MONITOR_LAG_MAX = 2_000;
/** The end of the dead letters is looked up again after so many commits without any. */
const TAIL_COMMITS = 64;

interface StageMeta {
  /** Counts the owners that this partition has had. */
  readonly epoch: number;
  /** Panes changed by replays that are noted and were not told yet. */
  readonly untold: readonly number[];
  /** From here on dead letters may stand on their topic that are not noted. */
  readonly letters: number;
}

interface ToTell extends AggregateCommit {
  readonly partials: RecordsToAppend;
}

function lettersCut(topic: string): string {
  return (
    `has dead letters that topic ${topic} does not take, longer than its max.message.bytes: of these the beginning is kept alone. ` +
    'Raise that setting of the topic to keep them whole.'
  );
}

function metaPrefix(pipeline: string): string {
  return `stage/${pipeline}/`;
}

/** Opens the partition on its ledger and says so: from then on its earlier owner's word on idleness no longer counts. */
export async function openAggregateStage(config: AggregateStageConfig, deps: AggregateStageDeps): Promise<AggregateStage> {
  const opened = await (deps.openAggregate ?? openAggregate)({ ...config, replayTopic: config.topics.replay }, deps);
  return stageOf(opened, config, deps).catch(async (error: unknown) => {
    await opened.aggregate.close();
    throw error;
  });
}

async function stageOf(
  { aggregate, panes }: OpenedAggregate,
  { topics, plan, revision }: AggregateStageConfig,
  deps: AggregateStageDeps,
): Promise<AggregateStage> {
  const { log } = deps;
  const { pipeline } = plan.spec;
  const prefix = metaPrefix(pipeline);
  const before = new Map(fromStateEntries(prefix, await log.state(prefix))).get(aggregate.name) as StageMeta | undefined;
  const epoch = (before?.epoch ?? 0) + 1;
  /** Up to here records were judged and that is noted: their dead letters are not told again. */
  let judged = aggregate.status().offset;
  const origins = `${aggregate.name}/`;
  const isOver = (key: string): boolean => !(Number(key.slice(origins.length)) >= judged);
  const isOurs = (key: string): boolean => key.startsWith(origins) && !isOver(key);
  let tail = await readAppendedTail(log, topics.deadLetters, before?.letters, isOurs);
  let isCutTold = false;
  let untold: readonly PanePartial[] = panes.replayed.filter(({ start }) => before?.untold.includes(start));
  let turn = 0;
  let readSinceCommit = 0;
  let idleTold = false;
  let commitsToTail = TAIL_COMMITS;
  let lagDue = false;
  let isPaused = false;

  /** Who waits for the monitor has not looked for records: it cannot tell that there are none. */
  const isIdle = (readToEnd: boolean): boolean => !isPaused && aggregate.isIdle(readToEnd);

  async function write(unit: CommitUnit & { appends: NonNullable<CommitUnit['appends']> }): Promise<void> {
    const firsts = await log.commit(unit);
    unit.appends.forEach(({ topic, ends }, i) => topic === topics.deadLetters && tail.noted(firsts[i]! + ends.length));
  }

  /** Dead letters that their topic does not take are told by their beginning. What was appended before one was refused is left out then. */
  async function tell({ deadLetters, partials, ...unit }: ToTell): Promise<void> {
    for (let letters = deadLetters; ;) {
      try {
        return await write({ ...unit, appends: [...atOnce(appendLetters(topics.deadLetters, letters, tail)), partials] });
      } catch (error) {
        const shorter = error instanceof AppError && error.code === 'record_too_large' && shortenLongest(letters);
        if (!shorter) throw error;
        if (!isCutTold) deps.warn?.(`pipeline ${pipeline}: ${aggregate.name} ${lettersCut(topics.deadLetters)}`);
        isCutTold = true;
        letters = shorter;
        tail = await readAppendedTail(log, topics.deadLetters, tail.next, isOurs);
      }
    }
  }

  function report(): PartitionReport {
    const { totals, reasons, replayed, end, caughtUp, ids, limits, firstTime } = aggregate.status();
    return {
      totals: { ...totals },
      reasons: [...reasons],
      replayed,
      end,
      caughtUp,
      ids,
      limits,
      ...(firstTime !== undefined && { firstTime }),
    };
  }

  async function commit({ readToEnd = false, state = [] }: Parameters<AggregateStage['commit']>[0] = {}): Promise<void> {
    const { told, replayed, progress, expired } = await aggregate.takePartials(readToEnd);
    const idle = isIdle(readToEnd);
    const records = encodeTold(told, plan.columns.length, {
      partials: { partition: aggregate.name, replayed: untold, progress: { ...progress, idle, epoch, turn: turn++ } },
      revision,
      report: report(),
    });
    // The monitor keeps panes of its own: here they may go as soon as no event reaches them.
    const { offsets, state: changes, deadLetters } = await aggregate.takeCommit(expired);
    const meta: StageMeta = { epoch, untold: replayed.map(({ start }) => start), letters: tail.next };
    readSinceCommit = 0;
    const keys = records.map(() => aggregate.name);
    await tell({
      deadLetters,
      partials: { topic: partialsTopic(pipeline), partition: 0, ...packRecords(records, keys) },
      offsets,
      state: [...changes, ...toStateChanges(prefix, [[aggregate.name, meta]]), ...state],
    });
    judged = progress.offset;
    tail.giveUp(isOver);
    untold = replayed;
    idleTold = idle;
    lagDue = true;
    if (commitsToTail-- <= 0 && tail.isSettled) {
      commitsToTail = TAIL_COMMITS;
      tail.noted((await log.bounds(topics.deadLetters, 0)).end);
    }
  }

  // Its beginning is noted before anything is counted from there: the same records are read in every life.
  await commit();

  return {
    name: aggregate.name,
    isElsewhere: aggregate.isElsewhere,
    async step() {
      if (isPaused || lagDue) isPaused = (await deps.monitorLag()) > MONITOR_LAG_MAX;
      lagDue = false;
      if (isPaused) return 0;
      const read = await aggregate.step();
      readSinceCommit += read;
      return read;
    },
    hasNews: () => readSinceCommit > 0 || untold.length > 0 || isIdle(false) !== idleTold,
    commit,
    status() {
      const status = aggregate.status();
      return { ...status, caughtUp: status.caughtUp && !isPaused };
    },
    close: aggregate.close,
  };
}
