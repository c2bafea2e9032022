/**
 * Merge and monitor on their own: reads `p.partials`, one record a step of the merge, so that what follows depends on the records and
 * their order alone. Rows and alerts go out first, then state and offset are noted: a crash in between makes the same records again,
 * and those that stand on the topics already are left out. The state holds all panes: who goes on with it needs nothing from the workers.
 */
import { AppError } from '../../core/errors.ts';
import { atOnce, type Sliced } from '../../core/slices.ts';
import { noOutcomes } from '../../core/outcome.ts';
import { recordAt } from '../../log/batch.ts';
import type { CommitUnit, Log, RecordsToAppend, StateChange } from '../../log/log.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { parseAlert } from '../../receivers/parse-alert.ts';
import { createMerge, type WindowCounts } from '../../windows/merge/merge.ts';
import { decodePartials } from '../../windows/partials/codec.ts';
import { createLabelsBook } from '../../windows/partials/labels-codec.ts';
import type { ClockMode } from '../../windows/partition.ts';
import { inputPartitions, type Plan } from '../../windows/plan.ts';
import type { WindowRecord } from '../../windows/row.ts';
import type { AggregateStatus } from '../aggregate/aggregate.ts';
import { readAppendedTail } from '../appended-tail.ts';
import { appendAlerts, appendWindows } from '../appends.ts';
import { completeWindows } from '../complete-windows.ts';
import { partitionsAdded } from '../partitions-added.ts';
import { mergeStatePrefix, type Committed } from '../engine.ts';
import type { Monitor } from './monitor.ts';
import { createReportBook } from './report-book.ts';
import { statusOfReport, type PartitionReport } from '../aggregate/partition-report.ts';
import { createIdleClock } from '../idle-clock.ts';
import { openLimitBook, type LimitsRead, type TellLimit } from '../limit-book.ts';
import { monitorGroup, partialsTopic } from '../stage-topics.ts';
import { fromStateEntries, stateChanges, toStateChanges } from '../state-codec.ts';
import type { PipelineTopics } from '../topics.ts';
import { createUnreported } from '../unreported.ts';

export interface MonitorStageConfig {
  readonly plan: Plan;
  readonly topics: PipelineTopics;
  /** Of the windows stage: partials of another one are passed over. */
  readonly revision: number;
  /** Windows that begin before this instant (epoch ms) are incomplete: no rows of theirs are given out, provisional ones neither. */
  readonly completeFrom: number;
  /** Yield rows of open windows too. */
  readonly provisional: boolean;
  /** By event time alone nothing is told by the clock. */
  readonly clock: ClockMode;
}

export interface MonitorStageDeps {
  readonly log: Log;
  readonly monitor: Monitor;
  readonly limitAlert?: TellLimit;
  /** Milliseconds of a steady clock, for looks at open windows (with `provisional`); undefined: there are none. */
  readonly elapsed?: () => number;
  /** Drives long work, so that others have their turns meanwhile; default: without interruption. */
  readonly slices?: <T>(work: Sliced<T>) => Promise<T>;
  /** For the person at the terminal: what cannot be done as it should, and what to do. */
  readonly warn?: (message: string) => void;
}

export interface MonitorStage {
  /** Takes in the next records of `p.partials`; resolves to their number, 0 where there were none. */
  step(): Promise<number>;
  hasNews(): boolean;
  /** @throws AppError `log_fenced` where another is the active monitor now: nothing of this stage counts any more */
  commit(options?: { readonly state?: readonly StateChange[] }): Promise<Committed>;
  /** Gives the open windows out as they stand (`provisional`), after all that is on `p.partials` was taken in and committed. */
  flush(): Promise<Committed>;
  /** As of the merge. */
  counts(): Sliced<WindowCounts>;
  /** As the partitions' owners have told. */
  partitions(): AggregateStatus[];
  /** Windows that end up to here are final, epoch ms; -Infinity before the first. */
  readonly frontier: number;
  /** The next record of `p.partials`. */
  readonly offset: number;
}

const READ_LIMITS = { maxBytes: 1 << 20 };
/** A partition whose owner has not reported yet. */
const NOT_READ: LimitsRead = { offset: -1, told: {} };

interface StageMeta {
  /** From here on records may stand on the topics that are not noted. */
  readonly windows: number;
  readonly alerts: number;
}

/** Goes on with the state of an earlier life, on the ledger of the pipeline's monitor. */
export async function openMonitorStage(config: MonitorStageConfig, deps: MonitorStageDeps): Promise<MonitorStage> {
  const { plan, topics, revision, completeFrom } = config;
  const { log, monitor, slices = async (work) => atOnce(work) } = deps;
  const { pipeline } = plan.spec;
  const isComplete = completeWindows(completeFrom);
  const topic = partialsTopic(pipeline);
  const group = monitorGroup(pipeline);
  const mergePrefix = mergeStatePrefix(pipeline);
  const stagePrefix = `stage/${pipeline}/`;
  const merge = createMerge(plan, revision, { keepsPanes: true });
  const labels = createLabelsBook();
  const inputs = inputPartitions(plan.spec).map(({ source, partition, name }) => ({
    topic: source.topic,
    partition,
    name,
    dedupMs: source.event.dedupMs,
  }));
  const names = inputs.map(({ name }) => name);
  const reports = createReportBook(new Map(inputs.map(({ name, dedupMs }) => [name, dedupMs])));

  merge.restore(fromStateEntries(mergePrefix, await log.state(mergePrefix)), []);
  monitor.restore(await log.state(`monitor/${pipeline}/`), completeFrom);
  const stageEntries = fromStateEntries(stagePrefix, await log.state(stagePrefix));
  reports.restore(stageEntries);
  const limitBook = deps.limitAlert && (await openLimitBook(pipeline, log, deps.limitAlert));
  const meta = stageEntries.find(([key]) => key === 'meta')?.[1] as StageMeta | undefined;
  const windowsTail = await readAppendedTail(log, topics.windows, meta?.windows);
  const alertsTail = await readAppendedTail(log, topics.alerts, meta?.alerts);
  let offset = (await log.committed(group, topic, 0)) ?? (await log.bounds(topic, 0)).start;
  /** In the order in which they came. */
  let records: (readonly WindowRecord[])[] = [];
  // A look that rang and was not noted is part of the truth: its window goes on from it.
  let alerts = monitor.recall(alertsTail.texts().flatMap((text) => parseAlert(text) ?? []));
  const idleClock = createIdleClock(config.clock === 'append' && config.provisional ? deps.elapsed : undefined);
  const unreported = createUnreported(inputs, { log, offsetOf: (name) => reports.get(name)?.offset, warn: deps.warn ?? (() => {}) });
  /** As of the last commit: what follows from it is in the log. */
  let { frontier } = merge;
  let readSinceCommit = 0;
  /** What a commit brings is in the log when it is over. */
  let isCommitting = false;
  let isCaughtUp = false;

  function* take(bytes: Uint8Array): Sliced<void> {
    const record = yield* decodePartials(bytes, plan.groupings.length, labels);
    if (record.revision > revision) {
      throw new AppError(
        'revision_changed',
        `pipeline ${pipeline}: its windows are computed anew by another process (revision ${record.revision}, here ${revision}). ` +
          'Start this one with the same pipeline file.',
      );
    }
    if (record.revision < revision) return;
    if (!names.includes(record.partials.partition)) {
      // Those of a topic that the pipeline does not read any more are over.
      const topicOf = record.partials.partition.slice(0, record.partials.partition.lastIndexOf('/'));
      const known = inputs.filter((each) => each.topic === topicOf).length;
      if (known > 0) throw partitionsAdded(pipeline, record.partials.partition, known);
      return;
    }
    const { partition, replayed } = record.partials;
    const accepted = reports.get(partition)?.totals.accepted;
    if (record.report !== undefined) {
      const news = reports.take(record.partials, record.report as PartitionReport);
      for (const { kind, span } of news) alerts.push(...(limitBook?.tell(kind, partition, span, reports.get(partition)!.offset) ?? []));
    }
    // Panes change by broken records too, where these are counted: what was accepted says that something came.
    if (replayed.length > 0 || reports.get(partition)?.totals.accepted !== accepted) {
      idleClock.heard();
      unreported.forget();
    }
    const stepped = yield* merge.step([record.partials], { provisional: config.provisional ? 'later' : false });
    const complete = stepped.records.filter(isComplete);
    records.push(complete);
    for (const alert of yield* monitor.observing(complete)) alerts.push(alert);
    if (limitBook) alerts.push(...limitBook.endLeft(limitsRead, merge.frontier));
  }

  function limitsRead(partition: string): LimitsRead | undefined {
    return names.includes(partition) ? (reports.get(partition) ?? NOT_READ) : undefined;
  }

  /** Up to where windows are over by the clock, where that is news to the monitor. */
  function silentUntil(): number | undefined {
    const until = idleClock.until(isCaughtUp && merge.isSilent(), merge.frontier);
    return until !== undefined && monitor.hasSilence(until) && !unreported.isAwaited() ? until : undefined;
  }

  async function hearSilence(): Promise<AlertEvent[]> {
    const until = silentUntil();
    if (until === undefined || (await unreported.look())) return [];
    unreported.forget();
    return slices(monitor.silence(until, merge.flush));
  }

  /** What stands on the topics already is left out; the rest in pieces. */
  async function appendsOf(): Promise<RecordsToAppend[]> {
    return [
      ...(await slices(appendWindows(topics.windows, records.flat(), windowsTail))),
      ...(await slices(appendAlerts(topics.alerts, alerts, alertsTail))),
    ];
  }

  async function write(state: readonly StateChange[]): Promise<void> {
    const noted: StageMeta = { windows: windowsTail.next, alerts: alertsTail.next };
    const unit = {
      appends: await appendsOf(),
      offsets: [{ group, topic, partition: 0, offset }],
      state: [
        ...(await slices(stateChanges(mergePrefix, await slices(merge.takingStateChanges())))),
        ...(await slices(monitor.takingStateChanges())),
        ...toStateChanges(stagePrefix, [['meta', noted], ...reports.takeStateChanges()]),
        ...(limitBook?.takeStateChanges() ?? []),
        ...state,
      ],
    } satisfies CommitUnit;
    const reached = merge.frontier;
    const firsts = await log.commit(unit);
    frontier = reached;
    unit.appends.forEach((append, i) => {
      (append.topic === topics.windows ? windowsTail : alertsTail).noted(firsts[i]! + append.ends.length);
    });
  }

  // Noted before anything is told: where the next life has to look for what this one told and did not note.
  await write([]);
  alerts = [];

  return {
    async step() {
      const batch = await log.read(topic, 0, offset, READ_LIMITS);
      isCaughtUp = batch === undefined;
      if (!batch) return 0;
      if (batch.firstOffset > offset && (await log.bounds(topic, 0)).start > offset) throw gap(pipeline, topic, offset);
      // Before it is taken in, piece by piece: what follows from it is not in the log meanwhile.
      readSinceCommit += batch.count;
      for (let i = 0; i < batch.count; i++) await slices(take(recordAt(batch, i)));
      offset = batch.firstOffset + batch.count;
      return batch.count;
    },
    hasNews: () => isCommitting || readSinceCommit > 0 || silentUntil() !== undefined,
    async commit({ state = [] } = {}) {
      isCommitting = true;
      readSinceCommit = 0;
      const deadLetters = reports.newLetters();
      merge.expire();
      await write(state);
      const told = { records: records.flat(), alerts };
      records = [];
      alerts = [];
      const shown = config.provisional ? (await slices(merge.step([], { provisional: true }))).provisional : [];
      const provisional = shown.filter(isComplete);
      const looked = deps.elapsed ? await slices(monitor.look(provisional, deps.elapsed)) : [];
      const looks = [...looked, ...(await hearSilence())];
      if (looks.length > 0) {
        alerts = looks;
        await write([]);
        alerts = [];
      }
      isCommitting = false;
      return { records: told.records, provisional, alerts: [...told.alerts, ...looks], deadLetters };
    },
    async flush() {
      const rows = merge.flush().filter(isComplete);
      records = [rows];
      await write([]);
      records = [];
      return { records: [], provisional: rows, alerts: [], deadLetters: 0 };
    },
    counts: () => merge.counts(),
    partitions: () => names.map((name) => statusOfReport(name, reports.get(name), merge.progress(name).watermark, noOutcomes())),
    get frontier() {
      return frontier;
    },
    get offset() {
      return offset;
    },
  };
}

function gap(pipeline: string, topic: string, offset: number): AppError {
  return new AppError(
    'log_unreadable',
    `pipeline ${pipeline}: records of ${topic} from offset ${offset} on were deleted before they were read. ` +
      'Compute the windows again from the raw topics: --from earliest. Keep that topic for longer than the monitor may be away.',
  );
}
