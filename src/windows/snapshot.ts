/**
 * The state of one input partition as named values, of which only what changed is written: meta, panes, ids in chunks (ids/chunks.ts),
 * segments that have a place (place-chunks.ts), panes and verdicts of replays, and what became of origins whose copies wait. All of it belongs to the offsets committed in the same transaction.
 */
import { AppError } from '../core/errors.ts';
import { atOnce } from '../core/slices.ts';
import type { OutcomeCounts } from '../core/outcome.ts';
import type { CopiedOrigins } from './copied-origins.ts';
import { createIdChunks, PREFIX as IDS } from './ids/chunks.ts';
import type { IdLimitState } from './ids/limit.ts';
import type { IdKey } from './ids/hash.ts';
import type { LimitEpisode } from './limit-episodes.ts';
import type { PaneStore, PanePartial, RestoredPanes } from './panes.ts';
import { encodeBodies, panesOf } from './partials/codec.ts';
import type { Partition } from './partition.ts';
import { createPlaceChunks, PREFIX as PLACES } from './place-chunks.ts';
import { quarterOf } from './places.ts';
import type { Replay, ReplayVerdict } from './replay.ts';
import type { Came } from './series.ts';

/** Raised when the layout below changes; one that was released is migrated in `restore` then. */
const SNAPSHOT_FORMAT = 4;
/** Without places: lists of all segments ever seen, in the order in which they came. */
const WITHOUT_PLACES = 3;
const ALL_SEGMENTS = 'series/';

export interface PartitionMeta {
  readonly format: number;
  readonly idKey: IdKey;
  readonly watermark: number;
  readonly maxTime: number;
  /** Absent before the first accepted event. */
  readonly firstTime?: number;
  readonly overflow: readonly LimitEpisode[];
  readonly totals: OutcomeCounts;
  readonly reasons: [reason: string, count: number][];
  /** Of ids forgotten before their time. */
  readonly ids: IdLimitState & { readonly remembered: number };
}

type NamedValue = [key: string, value: unknown];

export interface Snapshot {
  /** What to write; null deletes. `changed`: the panes taken from the partition and its replays for this commit. */
  takeChanges(changed: { live: readonly PanePartial[]; replayed: readonly PanePartial[] }): NamedValue[];
  /** Notes that a pane was dropped. */
  dropped(paneStart: number): void;
  /** Puts everything back; the panes, for the merge. */
  restore(entries: readonly NamedValue[]): Omit<RestoredPanes, 'partition'>;
}

/** A pane as written: bodies of partials, a quarter of what the structured clone takes. */
interface StoredPane {
  readonly bodies: readonly Uint8Array[];
}

/** `columns`: of the plan. */
export function createSnapshot(
  { partition, replay, copied, columns }: { partition: Partition; replay: Replay; copied: CopiedOrigins; columns: number },
  idKey: IdKey,
): Snapshot {
  const { panes, series, ids, clocks, overflow, totals, reasons } = partition.internals;
  const chunks = createIdChunks();
  const placeChunks = createPlaceChunks();
  /** Of the format without places, until the first commit in this one. */
  let migrated: Came[] = [];
  let outdated: string[] = [];
  let droppedPanes: number[] = [];

  function wholePane(from: PaneStore, start: number): StoredPane {
    const cells = series.labels.map((_, grouping) => from.cells(start, grouping));
    return { bodies: encodeBodies({ live: [{ start, cells }], replayed: [], finals: [] }) };
  }

  function restorePane(to: PaneStore, start: number, stored: StoredPane): PanePartial {
    const cells = cellsIn(stored.bodies);
    for (const [grouping, list] of cells.entries()) for (const cell of list) to.restore(start, grouping, cell);
    return { start, cells };
  }

  function cellsIn(bodies: readonly Uint8Array[]): PanePartial['cells'] {
    const [pane] = atOnce(panesOf({ bodies }, columns, series.labels.length)).live;
    // As objects: they may go to another thread.
    return series.labels.map((_, grouping) => [...(pane?.cells[grouping] ?? [])]);
  }

  /** When each of them came last nobody knows: it counts as now. */
  function migrateSegments(lists: readonly [key: string, list: string[][]][]): void {
    const segments = lists.flatMap(([, list]) => list);
    const quarter = quarterOf(clocks.watermark);
    for (const values of segments) series.restorePlace(quarter, values);
    if (segments.length > 0) migrated = [{ quarter, segments: segments.map((values) => JSON.stringify(values)) }];
    outdated = lists.map(([key]) => ALL_SEGMENTS + key);
  }

  return {
    takeChanges({ live, replayed }) {
      const meta: PartitionMeta = {
        format: SNAPSHOT_FORMAT,
        idKey,
        watermark: clocks.watermark,
        maxTime: clocks.maxTime,
        ...(clocks.firstTime !== undefined && { firstTime: clocks.firstTime }),
        overflow: overflow.state(),
        totals: { ...totals },
        reasons: [...reasons],
        ids: { ...ids.limit.state(), remembered: ids.limit.size },
      };
      const changes: NamedValue[] = [
        ['meta', meta],
        ...placeChunks.take([...migrated, ...series.takeCame()]),
        ...outdated.map((key): NamedValue => [key, null]),
        // Of those that nothing needs any more, only that.
        ...live
          .filter(({ start }) => !droppedPanes.includes(start))
          .map(({ start }): NamedValue => [`pane/${start}`, wholePane(panes, start)]),
        ...droppedPanes.map((start): NamedValue => [`pane/${start}`, null]),
        ...replayed.map(({ start }): NamedValue => [`replayed/${start}`, wholePane(replay.panes, start)]),
        ...chunks.take(ids.takeNew(clocks.watermark), (time) => ids.limit.isNeeded(time, clocks.watermark)),
        ...replay.takeVerdicts().map(([origin, verdict]): NamedValue => [`verdict/${origin}`, verdict]),
        ...copied.takeChanges().map(([offset, settled]): NamedValue => [`copied/${offset}`, settled]),
      ];
      migrated = [];
      outdated = [];
      droppedPanes = [];
      return changes;
    },
    dropped: (paneStart) => droppedPanes.push(paneStart),
    restore(entries) {
      const restored: { live: PanePartial[]; replayed: PanePartial[] } = { live: [], replayed: [] };
      const value = <T>(prefix: string): [string, T][] =>
        entries.filter(([key]) => key.startsWith(prefix)).map(([key, found]) => [key.slice(prefix.length), found as T]);
      for (const [, meta] of value<PartitionMeta>('meta')) {
        if (meta.format !== SNAPSHOT_FORMAT && meta.format !== WITHOUT_PLACES) throw otherFormat(meta.format);
        clocks.watermark = meta.watermark;
        clocks.maxTime = meta.maxTime;
        clocks.firstTime = meta.firstTime;
        overflow.restore(meta.overflow);
        Object.assign(totals, meta.totals);
        for (const [reason, count] of meta.reasons) reasons.set(reason, count);
        ids.limit.restore(meta.ids);
      }
      const lastCame = placeChunks.restore(entries.filter(([key]) => key.startsWith(PLACES)));
      for (const [segment, quarter] of lastCame) series.restorePlace(quarter, JSON.parse(segment) as string[]);
      migrateSegments(value<string[][]>(ALL_SEGMENTS));
      ids.restore(chunks.restore(entries.filter(([key]) => key.startsWith(IDS))), clocks.watermark);
      for (const [start, cells] of value<StoredPane>('pane/')) restored.live.push(restorePane(panes, Number(start), cells));
      for (const [start, cells] of value<StoredPane>('replayed/')) restored.replayed.push(restorePane(replay.panes, Number(start), cells));
      replay.restorePlaces(restored.replayed);
      for (const [origin, verdict] of value<ReplayVerdict>('verdict/').sort(([, a], [, b]) => a.at - b.at)) {
        replay.restoreVerdict(origin, verdict);
      }
      for (const [offset] of value<true>('copied/')) copied.restore(Number(offset));
      partition.takeChangedPanes();
      replay.takeChangedPanes();
      return restored;
    },
  };
}

function otherFormat(format: number): AppError {
  return new AppError(
    'data_format',
    `the snapshot of an input partition has format ${format}; this Tocsin reads formats ${WITHOUT_PLACES} and ${SNAPSHOT_FORMAT}. Use the version of Tocsin that wrote it, or begin with an empty data directory.`,
  );
}
