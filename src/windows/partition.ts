/**
 * One input partition: judges its records in order and accumulates the accepted ones. A function of the partition's
 * records alone: how they are cut into batches, and when, makes no difference to outcomes, panes and at-final values.
 */
import { ACCEPTED, DUPLICATE, INVALID, LATE, OUTCOMES, noOutcomes, type OutcomeCounts } from '../core/outcome.ts';
import type { RecordBatch } from '../log/log.ts';
import { createAccepted } from './accepted.ts';
import { addPanes, type Cell } from './cells.ts';
import type { Decoder } from './decode/columns.ts';
import { createIdMemory, type IdMemory } from './ids/ids.ts';
import { createLimitEpisodes, LIMIT_QUIET_MS, type LimitEpisodes, type LimitKind, type LimitSpan } from './limit-episodes.ts';
import { createOutcomeTally } from './outcome-tally.ts';
import { createPaneStore, type PanePartial, type PaneStore } from './panes.ts';
import type { WindowFinal } from './partials/partials.ts';
import { earliestEnd, latestEnd, nextEnd, type Plan } from './plan.ts';
import { quarterOf, startOfQuarter } from './places.ts';
import { createSeriesTable, type SeriesTable } from './series.ts';
import { MAX_IDS, type SourceSpec } from './spec.ts';

/** By which clock the future is judged and the watermark is held back: the log's append times, or event time alone. */
export type ClockMode = 'append' | 'event';

export const MAX_AHEAD_DEFAULT_MS = 300_000;
/** Their places in the memory of ids, a cache line each, stay in the processor's nearest cache until they are asked for. */
const IDS_AT_ONCE = 256;

export interface Judged {
  /** Element `i` is record `i`'s outcome (core/outcome.ts). Good until the next call. */
  readonly outcomes: Uint8Array;
  readonly reasons: ReadonlyMap<number, string>;
  readonly times: Float64Array;
  /** The watermark that each late record was judged by, by its index. */
  readonly lateBy: ReadonlyMap<number, number>;
}

export interface Partition {
  /** Judges records; they must follow those of the last call. `clock: event` ignores append times. */
  process(batch: RecordBatch, clock: ClockMode): Judged;
  readonly watermark: number;
  /** When there were more segments than `max_series`, ids than `max_ids`, in order (limit-episodes.ts). */
  limits(): Readonly<Record<LimitKind, readonly LimitSpan[]>>;
  /** From where on its events are in view (`Clocks`). */
  readonly firstTime: number | undefined;
  readonly totals: Readonly<OutcomeCounts>;
  /** Counts of invalid records by reason. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Windows that became final since the last call, in the order in which they did. */
  takeFinals(): WindowFinal[];
  takeChangedPanes(): PanePartial[];
  /** Panes that no event can reach any more and whose windows are all final here. */
  expiredPanes(): number[];
  /** What a snapshot needs beside panes (snapshot.ts). */
  readonly internals: PartitionInternals;
}

export interface PartitionInternals {
  readonly panes: PaneStore;
  readonly series: SeriesTable;
  readonly ids: IdMemory;
  readonly clocks: Clocks;
  /** Of accepted events that had to count under `other`. */
  readonly overflow: LimitEpisodes;
  readonly totals: OutcomeCounts;
  readonly reasons: Map<string, number>;
}

/** Epoch ms, -Infinity before the first accepted event. */
export interface Clocks {
  /** Largest min(event time, append time) of the accepted events, less the out-of-orderness. */
  watermark: number;
  /** Largest event time accepted. */
  maxTime: number;
  /**
   * Event time of the first accepted event, or of the first one behind a gap of hours (`LIMIT_QUIET_MS`) in the first of them: what came before
   * that was late, or the partition was silent. Undefined before it, and where an older snapshot does not say.
   */
  firstTime: number | undefined;
}

export function createPartition(plan: Plan, source: SourceSpec, decoder: Decoder): Partition {
  const { outOfOrdernessMs, allowedLatenessMs, dedupMs, maxAheadMs, wholeIds = false } = source.event;
  const series = createSeriesTable(plan, decoder);
  const panes = createPaneStore(plan, series);
  const ids = createIdMemory({ dedupMs, maxIds: plan.spec.limits.maxIds ?? MAX_IDS, whole: wholeIds });
  const tally = createOutcomeTally(plan, source, { panes, series });
  const clocks: Clocks = { watermark: -Infinity, maxTime: -Infinity, firstTime: undefined };
  const overflow = createLimitEpisodes();
  const totals = noOutcomes();
  const reasons = new Map<string, number>();
  const accepted = createAccepted(plan.groupings.length, { series, panes, overflow });
  const longestMs = Math.max(...plan.windows.map(({ sizeMs }) => sizeMs));
  const counted = new Uint32Array(OUTCOMES.length);
  let finals: WindowFinal[] = [];
  /** The watermark at which the next window ends. */
  let nextFinal: number | undefined;

  /** The watermark at which places are looked over next. */
  let nextQuarter = -Infinity;

  /** The watermark will rise to where another quarter begins, or has not been asked about that yet. The events up to here came before that. */
  function passQuarter(watermark: number): void {
    accepted.add();
    const quarter = quarterOf(Math.max(watermark, clocks.watermark));
    series.enter(quarter, panes.held);
    nextQuarter = startOfQuarter(quarter + 1);
  }

  /** The watermark has risen by hours, or is the first. Nobody was told yet by the view as it was: it begins here. */
  function leap(before: number): void {
    if (before === -Infinity || before <= clocks.firstTime! + LIMIT_QUIET_MS) clocks.firstTime = clocks.maxTime;
  }

  /** The watermark has risen to where a window ends, or has not been asked about that yet. */
  function passEnds(before: number): void {
    nextFinal ??= before === -Infinity ? -Infinity : earliestEnd(plan.windows, before);
    if (clocks.watermark < nextFinal) return;
    accepted.add();
    closeWindows(before, clocks.watermark);
    nextFinal = earliestEnd(plan.windows, clocks.watermark);
  }

  /** Notes the values that each window ending in (before, after] has at this moment: later events are corrections. */
  function closeWindows(before: number, after: number): void {
    const ending = new Map<string, { window: number; start: number; end: number }>();
    const starts = panes.starts();
    // Of the panes that are kept for late events few have a window that ends only now.
    for (let at = firstAfter(starts, before - longestMs); at < starts.length && starts[at]! < after; at++) {
      const pane = starts[at]!;
      plan.windows.forEach((spec, window) => {
        const { sizeMs, slideMs } = spec;
        // Ends of windows with this pane lie in (pane, pane + size]; few of them are in (before, after] as well.
        for (let end = nextEnd(spec, Math.max(before, pane)); end <= Math.min(after, pane + sizeMs); end += slideMs) {
          ending.set(`${window}/${end}`, { window, start: end - sizeMs, end });
        }
      });
    }
    for (const { window, start } of [...ending.values()].sort((a, b) => a.end - b.end || a.window - b.window)) {
      finals.push({ window, start, cells: plan.groupings.map((_, grouping) => windowCells(starts, window, start, grouping)) });
    }
  }

  /** `starts`: of all panes. */
  function windowCells(starts: readonly number[], window: number, start: number, grouping: number): Cell[] {
    const { sizeMs } = plan.windows[window]!;
    if (sizeMs === plan.paneMs) return panes.cells(start, grouping);
    const bySeries = new Map<readonly string[], Cell[]>();
    for (let at = firstAfter(starts, start - 1); at < starts.length && starts[at]! < start + sizeMs; at++) {
      const pane = starts[at]!;
      for (const cell of panes.cells(pane, grouping)) {
        const cells = bySeries.get(cell.labels);
        if (cells) cells.push(cell);
        else bySeries.set(cell.labels, [cell]);
      }
    }
    return [...bySeries.values()].map((cells) => addPanes(plan.columns, cells));
  }

  return {
    get watermark() {
      return clocks.watermark;
    },
    get firstTime() {
      return clocks.firstTime;
    },
    limits: () => ({ series: overflow.spans(clocks.watermark), ids: ids.limit.episodes.spans(clocks.watermark) }),
    totals,
    reasons,
    process(batch, clock) {
      const columns = decoder.decode(batch);
      const { outcomes, times, ids: hashes } = columns;
      const { count, firstOffset } = batch;
      const byAppend = clock === 'append';
      // An array in either case: a number that is an element or a constant would be boxed, for each record.
      const appendTimes = byAppend ? batch.appendTimes : times;
      const aheadMs = maxAheadMs ?? (clock === 'append' ? MAX_AHEAD_DEFAULT_MS : Infinity);
      const lateBy = new Map<number, number>();
      accepted.begin(columns, count, firstOffset);
      for (let i = 0; i < count; i++) {
        if (hashes && i % IDS_AT_ONCE === 0) ids.expect(hashes, i, Math.min(i + IDS_AT_ONCE, count), clocks);
        const time = times[i]!;
        const newest = byAppend ? appendTimes[i]! : clocks.maxTime === -Infinity ? Infinity : clocks.maxTime;
        if (outcomes[i] !== ACCEPTED) {
          // What the record alone decides.
        } else if (time > newest + aheadMs) {
          outcomes[i] = INVALID;
          columns.reasons.set(i, 'future');
        } else if (hashes && ids.remembers(i, clocks)) {
          outcomes[i] = DUPLICATE;
        } else if (time + allowedLatenessMs < clocks.watermark && earliestEnd(plan.windows, time) + allowedLatenessMs <= clocks.watermark) {
          // A window ends after every event in it, so most events need no look at the windows.
          outcomes[i] = LATE;
          lateBy.set(i, clocks.watermark);
        } else {
          if (hashes) ids.remember(i, times, clocks);
          const watermark = Math.min(time, appendTimes[i]!) - outOfOrdernessMs;
          if (watermark >= nextQuarter) passQuarter(watermark);
          accepted.note(i, clocks);
          if (time > clocks.maxTime) clocks.maxTime = time;
          const before = clocks.watermark;
          if (watermark > before) {
            clocks.watermark = watermark;
            if (watermark > before + LIMIT_QUIET_MS) leap(before);
            if (nextFinal === undefined || watermark >= nextFinal) passEnds(before);
          }
        }
        if (tally?.wants(outcomes[i]!)) {
          accepted.add();
          tally.count(outcomes[i]!, clocks.watermark + outOfOrdernessMs, byAppend ? appendTimes[i]! : Infinity, firstOffset + i);
        }
      }
      accepted.add();
      counted.fill(0);
      for (let i = 0; i < count; i++) counted[outcomes[i]!]!++;
      for (let code = 0; code < OUTCOMES.length; code++) totals[OUTCOMES[code]!] += counted[code]!;
      for (const reason of columns.reasons.values()) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      return { outcomes, reasons: columns.reasons, times, lateBy };
    },
    takeFinals() {
      const taken = finals;
      finals = [];
      return taken;
    },
    takeChangedPanes: () => panes.takeChanged(),
    expiredPanes: () => panes.starts().filter((start) => latestEnd(plan.windows, start) + allowedLatenessMs <= clocks.watermark),
    internals: { panes, series, ids, clocks, overflow, totals, reasons },
  };
}

/** Index of the first number above `limit`; they ascend. */
function firstAfter(numbers: readonly number[], limit: number): number {
  let at = numbers.length;
  while (at > 0 && numbers[at - 1]! > limit) at--;
  return at;
}
