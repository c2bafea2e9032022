/**
 * The state of one input partition as named values, of which only what changed is written: meta, panes, ids in chunks,
 * series, panes and verdicts of replays. All of it belongs to the offsets committed in the same transaction.
 */
import type { OutcomeCounts } from '../core/outcome.ts';
import type { Cell } from './cells.ts';
import type { IdChunk } from './ids.ts';
import type { IdKey } from './id-hash.ts';
import type { RestoredPanes } from './merge.ts';
import type { PaneStore } from './panes.ts';
import type { Partition } from './partition.ts';
import type { PanePartial } from './panes.ts';
import type { Replay, ReplayVerdict } from './replay.ts';

/** Raised when the layout below changes; an older one is migrated here. */
export const SNAPSHOT_FORMAT = 1;

export interface PartitionMeta {
  readonly format: number;
  readonly idKey: IdKey;
  readonly watermark: number;
  readonly maxTime: number;
  readonly overflowedAt: number | undefined;
  readonly totals: OutcomeCounts;
  readonly reasons: [reason: string, count: number][];
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

/** Verdicts are kept as long as the replay topic. */
const VERDICTS_KEPT_MS = 30 * 86_400_000;

export function createSnapshot(partition: Partition, replay: Replay, idKey: IdKey, dedupMs: number): Snapshot {
  const { panes, series, ids, clocks, totals, reasons } = partition.internals;
  let chunks: { key: string; newest: number }[] = [];
  let sequence = 0;
  let droppedPanes: number[] = [];
  /** Append time of the replay by origin, the oldest first. */
  const verdicts = new Map<string, number>();

  function idChanges(): NamedValue[] {
    const changes: NamedValue[] = [];
    const fresh = ids.takeNew();
    if (fresh) {
      const key = `ids/${String(sequence++).padStart(12, '0')}`;
      chunks.push({ key, newest: fresh.time.reduce((a, b) => Math.max(a, b), -Infinity) });
      changes.push([key, fresh]);
    }
    const expired = chunks.filter(({ newest }) => newest + dedupMs <= clocks.watermark);
    if (expired.length > 0) {
      chunks = chunks.filter((chunk) => !expired.includes(chunk));
      changes.push(...expired.map(({ key }): NamedValue => [key, null]));
    }
    return changes;
  }

  function verdictChanges(): NamedValue[] {
    const fresh = replay.takeVerdicts();
    const changes = fresh.map(([origin, verdict]): NamedValue => [`verdict/${origin}`, verdict]);
    for (const [origin, { at }] of fresh) {
      // One that was judged again is as young as its last verdict.
      verdicts.delete(origin);
      verdicts.set(origin, at);
    }
    const newest = fresh.at(-1)?.[1].at ?? -Infinity;
    for (const [origin, at] of verdicts) {
      if (at + VERDICTS_KEPT_MS >= newest) break;
      verdicts.delete(origin);
      changes.push([`verdict/${origin}`, null]);
    }
    return changes;
  }

  return {
    takeChanges({ live, replayed }) {
      const meta: PartitionMeta = { format: SNAPSHOT_FORMAT, idKey, ...clocks, totals: { ...totals }, reasons: [...reasons] };
      const labels = series.takeNew();
      const changes: NamedValue[] = [
        ['meta', meta],
        ...live.map(({ start }): NamedValue => [`pane/${start}`, wholePane(panes, start, series.labels.length)]),
        ...droppedPanes.map((start): NamedValue => [`pane/${start}`, null]),
        ...replayed.map(({ start }): NamedValue => [`replayed/${start}`, wholePane(replay.panes, start, series.labels.length)]),
        ...idChanges(),
        ...verdictChanges(),
      ];
      if (labels.length > 0) changes.push([`series/${String(series.labels[0]!.length).padStart(12, '0')}`, labels]);
      droppedPanes = [];
      return changes;
    },
    dropped: (paneStart) => droppedPanes.push(paneStart),
    restore(entries) {
      const restored: { live: PanePartial[]; replayed: PanePartial[] } = { live: [], replayed: [] };
      const value = <T>(prefix: string): [string, T][] =>
        entries.filter(([key]) => key.startsWith(prefix)).map(([key, found]) => [key.slice(prefix.length), found as T]);
      for (const [, meta] of value<PartitionMeta>('meta')) {
        clocks.watermark = meta.watermark;
        clocks.maxTime = meta.maxTime;
        clocks.overflowedAt = meta.overflowedAt;
        Object.assign(totals, meta.totals);
        for (const [reason, count] of meta.reasons) reasons.set(reason, count);
      }
      for (const [, labels] of value<string[][]>('series/')) for (const values of labels) series.intern(0, values);
      series.takeNew();
      for (const [key, chunk] of value<IdChunk>('ids/')) {
        chunk.low.forEach((low, i) => ids.remember(low, chunk.high[i]!, chunk.time[i]!, clocks.watermark));
        chunks.push({ key: `ids/${key}`, newest: chunk.time.reduce((a, b) => Math.max(a, b), -Infinity) });
        sequence = Number(key) + 1;
      }
      ids.takeNew();
      for (const [start, cells] of value<Cell[][]>('pane/')) restored.live.push(restorePane(panes, Number(start), cells));
      for (const [start, cells] of value<Cell[][]>('replayed/')) restored.replayed.push(restorePane(replay.panes, Number(start), cells));
      for (const [origin, verdict] of value<ReplayVerdict>('verdict/').sort(([, a], [, b]) => a.at - b.at)) {
        replay.restoreVerdict(origin, verdict);
        verdicts.set(origin, verdict.at);
      }
      partition.takeChangedPanes();
      replay.takeChangedPanes();
      return restored;
    },
  };
}

function wholePane(panes: PaneStore, start: number, groupings: number): Cell[][] {
  return Array.from({ length: groupings }, (_, grouping) => panes.cells(start, grouping));
}

function restorePane(panes: PaneStore, start: number, cells: readonly Cell[][]): PanePartial {
  cells.forEach((list, grouping) => list.forEach((cell) => panes.restore(start, grouping, cell)));
  return { start, cells };
}
