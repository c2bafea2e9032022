/**
 * One pipeline in one process: aggregates of all input partitions, the merge, the monitor, and their common commit.
 * Everything a step changes becomes visible, durable and final in one transaction of the log.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createBreath, inSlices, type Sliced } from '../core/slices.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Log, StateChange } from '../log/log.ts';
import { limitNews, type LimitKind, type LimitSpan } from '../windows/limit-episodes.ts';
import { createMerge, type WindowCounts } from '../windows/merge/merge.ts';
import { inputPartitions, type Plan } from '../windows/plan.ts';
import type { Partials } from '../windows/partials/partials.ts';
import { panesOf } from '../windows/partials/codec.ts';
import { createLabelsBook } from '../windows/partials/labels-codec.ts';
import type { WindowRecord, WindowRow } from '../windows/row.ts';
import type { CheckFields, ParseRecord } from '../windows/decode/decoder.ts';
import type {
  Aggregate,
  AggregateConfig,
  AggregateDeps,
  AggregateStatus,
  OpenAggregate,
  OpenedAggregate,
  TakenPartials,
} from './aggregate/aggregate.ts';
import { appendAlerts, appendLetters, appendWindows } from './appends.ts';
import { completeWindows } from './complete-windows.ts';
import { openAggregate } from './aggregate/local-aggregate.ts';
import type { Monitor } from './monitor/monitor.ts';
import { createIdleClock } from './idle-clock.ts';
import { openLimitBook, type LimitsRead, type TellLimit } from './limit-book.ts';
import { fromStateEntries, stateChanges } from './state-codec.ts';
import { stepAll } from './step-all.ts';
import { rawTopicSettings, topicSettings, type PipelineTopics } from './topics.ts';

export interface EngineConfig extends Pick<AggregateConfig, 'clock' | 'maxBatchBytes' | 'maxBatchRecords'> {
  readonly plan: Plan;
  readonly topics: PipelineTopics;
  /** Of the windows stage; stands in the rows' versions. */
  readonly revision: number;
  /** Offset at which a partition begins where nothing is committed. */
  readonly start: (topic: string, partition: number, bounds: { start: number; end: number }) => Promise<number> | number;
  /** Yield rows of open windows too. */
  readonly provisional: boolean;
  /** Windows that begin before this instant (epoch ms) are incomplete: no rows of theirs are given out, provisional ones neither. */
  readonly completeFrom: number;
}

export interface EngineDeps extends Pick<AggregateDeps, 'explain' | 'randomKey' | 'elapsed' | 'onJudged' | 'warn'> {
  readonly log: Log;
  readonly monitor: Monitor;
  /** Where aggregations take place; default: in this thread. */
  readonly openAggregate?: OpenAggregate;
  readonly limitAlert?: TellLimit;
  readonly parse: Readonly<Record<'json' | 'combined', ParseRecord>>;
  /** By source name; a source without one takes any object. */
  readonly checks: ReadonlyMap<string, CheckFields>;
}

export interface CommitOptions {
  /** State to be written in the same transaction. */
  readonly state?: readonly StateChange[];
  /** Nothing more will come: a partition that is caught up is idle at once. */
  readonly readToEnd?: boolean;
}

/** What one commit made visible. */
export interface Committed {
  readonly records: readonly WindowRecord[];
  readonly provisional: readonly WindowRow[];
  readonly alerts: readonly AlertEvent[];
  readonly deadLetters: number;
}

export interface Engine {
  /** Judges the next batch of every partition; resolves to the records read, 0 when there was nothing. */
  step(): Promise<number>;
  /**
   * Whether a commit would tell anything new: records were read, a partition fell idle or awoke, or silence lasts for another window. While
   * a step or a commit is under way nobody can say that it does not.
   */
  hasNews(): boolean;
  /** Merges what the steps have yielded and commits it. */
  commit(options?: CommitOptions): Promise<Committed>;
  /** End of `--once`: commits, every partition read to its end, then gives the open windows out as they stand (`provisional`). */
  flush(options?: Omit<CommitOptions, 'readToEnd'>): Promise<Committed>;
  /** As of the merge. */
  counts(): Sliced<WindowCounts>;
  partitions(): AggregateStatus[];
  /** Windows that end up to here are final, and they and their alerts committed, epoch ms; -Infinity before the first. */
  readonly frontier: number;
  /** Bytes that wait for the next commit, beside what the windows hold. */
  readonly pendingBytes: number;
  /** Lets go of its aggregations; what was not committed is forgotten. The log stays open. */
  close(): Promise<void>;
}

export function mergeStatePrefix(pipeline: string): string {
  return `merge/${pipeline}/`;
}

export async function openEngine(config: EngineConfig, deps: EngineDeps): Promise<Engine> {
  const { plan, topics } = config;
  const { log, monitor } = deps;
  const { spec } = plan;
  const isComplete = completeWindows(config.completeFrom);
  await ensureTopics(config, log);

  const merge = createMerge(plan, config.revision);
  const opened = await openAggregates(config, deps);
  const aggregates = opened.map(({ aggregate }) => aggregate);
  const mergePrefix = mergeStatePrefix(spec.pipeline);
  merge.restore(
    fromStateEntries(mergePrefix, await log.state(mergePrefix)),
    opened.map(({ panes }) => panes),
  );
  monitor.restore(await log.state(`monitor/${spec.pipeline}/`), config.completeFrom);

  /** By aggregate: what was told last of its limits. It is told in the commit that brings it. */
  const limitsTold = aggregates.map((aggregate): Partial<Record<LimitKind, LimitSpan>> => {
    const { series, ids } = aggregate.status().limits;
    return { ...newestOf('series', series), ...newestOf('ids', ids) };
  });
  const limitBook = deps.limitAlert && (await openLimitBook(spec.pipeline, log, deps.limitAlert));
  // Without a clock that tells arrival, and where nothing is shown before it is final, silence is no news.
  const idleClock = createIdleClock(config.clock === 'append' && config.provisional ? deps.elapsed : undefined);
  const acceptedNow = (): number[] => aggregates.map((aggregate) => aggregate.status().totals.accepted);
  let acceptedBefore = acceptedNow();
  const labels = createLabelsBook();
  /** As of the last commit: the merge is ahead of what stands in the log while one is under way. */
  let { frontier } = merge;
  let readSinceCommit = 0;
  /** A step or a commit is under way: what it brings is not in the log yet. */
  let isAtWork = false;
  let isCaughtUp = false;
  let idleAtCommit = '';
  const idleNow = (readToEnd: boolean): string => aggregates.map((aggregate) => Number(aggregate.isIdle(readToEnd))).join('');

  /** Others have their turns meanwhile: requests, above all. */
  const slices = <T>(work: Sliced<T>): Promise<T> => inSlices(work, deps.elapsed);

  /** Of those elsewhere all at the same time; each of those here holds this thread for a while. */
  async function ofAll<T>(ask: (aggregate: Aggregate, i: number) => Promise<T>): Promise<T[]> {
    if (aggregates.every(({ isElsewhere }) => isElsewhere)) return Promise.all(aggregates.map(ask));
    const breath = createBreath(deps.elapsed);
    const answers: T[] = [];
    for (const [i, aggregate] of aggregates.entries()) {
      answers.push(await ask(aggregate, i));
      await breath();
    }
    return answers;
  }

  async function write(
    records: readonly WindowRecord[],
    alerts: readonly AlertEvent[],
    extra: readonly StateChange[],
    taken: readonly TakenPartials[],
  ): Promise<number> {
    const released = taken.map(({ expired }, i) => expired.filter((start) => merge.release(aggregates[i]!.name, start)));
    const parts = await ofAll((aggregate, i) => aggregate.takeCommit(released[i]!));
    const deadLetters = parts.flatMap((part) => part.deadLetters);
    await log.commit({
      appends: [
        ...(await slices(appendWindows(topics.windows, records))),
        ...(await slices(appendAlerts(topics.alerts, alerts))),
        ...(await slices(appendLetters(topics.deadLetters, deadLetters))),
      ],
      offsets: parts.flatMap((part) => part.offsets),
      state: [
        ...parts.flatMap((part) => part.state),
        ...(await slices(stateChanges(mergePrefix, await slices(merge.takingStateChanges())))),
        ...(await slices(monitor.takingStateChanges())),
        ...(limitBook?.takeStateChanges() ?? []),
        ...extra,
      ],
    });
    return deadLetters.length;
  }

  function limitAlerts(): AlertEvent[] {
    const told = aggregates.flatMap((aggregate, i) => {
      const { limits, offset } = aggregate.status();
      return (['series', 'ids'] as const).flatMap((kind) => {
        const news = limitNews(limits[kind], limitsTold[i]![kind]);
        Object.assign(limitsTold[i]!, newestOf(kind, news));
        return news.flatMap((span) => limitBook?.tell(kind, aggregate.name, span, offset) ?? []);
      });
    });
    return [...told, ...(limitBook?.endLeft(limitsRead, merge.frontier) ?? [])];
  }

  function limitsRead(partition: string): LimitsRead | undefined {
    const i = aggregates.findIndex(({ name }) => name === partition);
    return i < 0 ? undefined : { offset: aggregates[i]!.status().offset, told: limitsTold[i]! };
  }

  /** Whether something was accepted since this was asked last. Panes change by broken records too, where these are counted. */
  function hasHeard(): boolean {
    const before = acceptedBefore;
    acceptedBefore = acceptedNow();
    return acceptedBefore.some((accepted, i) => accepted !== before[i]);
  }

  /** Up to where windows are over by the clock, where that is news to the monitor. */
  function silentUntil(): number | undefined {
    const until = idleClock.until(isCaughtUp && merge.isSilent(), merge.frontier);
    return until !== undefined && monitor.hasSilence(until) ? until : undefined;
  }

  async function commit({ state = [], readToEnd = false }: CommitOptions = {}): Promise<Committed> {
    isAtWork = true;
    readSinceCommit = 0;
    idleAtCommit = idleNow(readToEnd);
    const taken = await ofAll((aggregate) => aggregate.takePartials(readToEnd));
    const partials: Partials[] = [];
    for (const [i, { told, replayed, progress }] of taken.entries()) {
      const panes = await slices(panesOf(told, plan.columns.length, plan.groupings.length, labels));
      partials.push({ partition: aggregates[i]!.name, ...panes, replayed, progress });
    }
    if (hasHeard() || partials.some(({ replayed }) => replayed.length > 0)) idleClock.heard();
    const stepped = await slices(merge.step(partials, { provisional: config.provisional }));
    const records = stepped.records.filter(isComplete);
    const provisional = stepped.provisional.filter(isComplete);
    const found = await slices(monitor.observing(records));
    const until = silentUntil();
    const silent = until === undefined ? [] : await slices(monitor.silence(until, merge.flush));
    // Looks take all that they may in one go: in a turn of their own.
    await nextTurn();
    const limits = limitAlerts();
    const looked = await slices(monitor.look(provisional, deps.elapsed));
    const alerts = [...limits, ...found, ...looked, ...silent];
    await nextTurn();
    const reached = merge.frontier;
    const deadLetters = await write(records, alerts, state, taken);
    frontier = reached;
    isAtWork = false;
    return { records, provisional, alerts, deadLetters };
  }

  return {
    async step() {
      isAtWork = true;
      const read = await stepAll(aggregates);
      readSinceCommit += read;
      isCaughtUp = read === 0;
      isAtWork = false;
      return read;
    },
    hasNews: () => isAtWork || readSinceCommit > 0 || idleNow(false) !== idleAtCommit || silentUntil() !== undefined,
    commit,
    async flush(options) {
      const committed = await commit({ ...options, readToEnd: true });
      const rows = merge.flush().filter(isComplete);
      await log.commit({ appends: await slices(appendWindows(topics.windows, rows)) });
      return { ...committed, provisional: rows };
    },
    counts: () => merge.counts(),
    partitions: () => aggregates.map((aggregate) => aggregate.status()),
    get frontier() {
      return frontier;
    },
    get pendingBytes() {
      return aggregates.reduce((sum, aggregate) => sum + aggregate.status().deadLetterBytes, 0);
    },
    close: async () => void (await Promise.all(aggregates.map((aggregate) => aggregate.close()))),
  };
}

function newestOf(kind: LimitKind, spans: readonly LimitSpan[]): Partial<Record<LimitKind, LimitSpan>> {
  const newest = spans.at(-1);
  return newest ? { [kind]: newest } : {};
}

/** One after the other, so that the state of one partition at a time is held twice. What was opened before a failure is let go of. */
async function openAggregates({ plan, topics, start, ...config }: EngineConfig, deps: EngineDeps): Promise<OpenedAggregate[]> {
  const open = deps.openAggregate ?? openAggregate;
  const opened: OpenedAggregate[] = [];
  try {
    for (const { source, partition } of inputPartitions(plan.spec)) {
      const check = deps.checks.get(source.name);
      const of = { ...config, plan, source, partition, replayTopic: topics.replay };
      opened.push(
        await open(
          { ...of, start: (bounds) => start(source.topic, partition, bounds) },
          { ...deps, parse: deps.parse[source.format], ...(check && { check }) },
        ),
      );
    }
  } catch (error) {
    for (const { aggregate } of opened) await aggregate.close();
    throw error;
  }
  return opened;
}

/** Makes the topics of the pipeline that are not there: before its revision is settled, and before `openEngine`. */
export async function ensureTopics({ plan, topics }: Pick<EngineConfig, 'plan' | 'topics'>, log: Log): Promise<void> {
  for (const source of plan.spec.sources) await log.ensureTopic(source.topic, rawTopicSettings(source));
  const widest = Math.max(...plan.spec.sources.map((source) => source.partitions));
  const { maxRecordBytes } = plan.spec.limits;
  for (const [name, settings] of topicSettings(topics, { replayPartitions: widest, maxRecordBytes })) await log.ensureTopic(name, settings);
}
