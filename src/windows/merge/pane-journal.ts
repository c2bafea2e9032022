/**
 * The panes of a merge as named values, of which only what changed is written: a few parts a pane, put together at a restart in any
 * order, as of each series the value with the highest offset counts. A pane of many parts is written anew as one.
 */
import type { SeriesKey } from '../cells.ts';
import { atOnce, type Sliced } from '../../core/slices.ts';
import type { PanePartial, RestoredPanes } from '../panes.ts';
import { createBodyWriters, encodingBodies, panesOf } from '../partials/codec.ts';
import type { Plan } from '../plan.ts';
import { bySeries, cellsOf, type SeriesCells } from './series-cells.ts';

type Kind = 'live' | 'replayed';
type NamedValue = [key: string, value: unknown];

export interface PaneJournal {
  /** Series of a pane that changed, per grouping. */
  changed(kind: Kind, partition: string, start: number, keys: readonly Iterable<SeriesKey>[]): void;
  dropped(kind: Kind, partition: string, start: number): void;
  /** What to write; null deletes. */
  takingStateChanges(paneOf: (kind: Kind, partition: string, start: number) => Pane | undefined): Sliced<NamedValue[]>;
  /** Takes what is of its own form out of all values. */
  restore(entries: readonly (readonly [key: string, value: unknown])[]): RestoredPanes[];
}

type Pane = readonly SeriesCells[];

const PANE_STATE = 'pane/';
/** Parts of a pane before it is written anew. */
const PARTS_MAX = 16;

interface Held {
  readonly kind: Kind;
  readonly partition: string;
  readonly start: number;
  /** Parts written. */
  parts: number;
  /** Series that changed since the last one, per grouping; undefined: none, or all. */
  keys: Set<SeriesKey>[] | undefined;
}

/** A part as written: bodies of partials. Once it was the cells themselves. */
type StoredPart = { readonly partition: string } & ({ readonly bodies: readonly Uint8Array[] } | PanePartial);

export function createPaneJournal(plan: Plan): PaneJournal {
  const held = new Map<string, Held>();
  const stale = new Map<string, Held>();
  let gone: NamedValue[] = [];
  const writers = createBodyWriters();

  function entryOf(kind: Kind, partition: string, start: number): Held {
    const name = nameOf(kind, partition, start);
    const entry = held.get(name) ?? { kind, partition, start, parts: 0, keys: undefined };
    held.set(name, entry);
    return entry;
  }

  function partsOf(entry: Held, from: number): NamedValue[] {
    const name = nameOf(entry.kind, entry.partition, entry.start);
    return Array.from({ length: Math.max(0, entry.parts - from) }, (_, i): NamedValue => [`${name}/${from + i}`, null]);
  }

  function* write(entry: Held, pane: Pane): Sliced<NamedValue[]> {
    const { kind, partition, start } = entry;
    const isWhole = entry.parts === 0 || entry.parts >= PARTS_MAX;
    const cells = pane.map((series, grouping) =>
      isWhole ? cellsOf(series) : Array.from(entry.keys?.[grouping] ?? [], (key) => bySeries(series).get(key)!),
    );
    const bodies = yield* encodingBodies({ live: [{ start, cells }], replayed: [], finals: [] }, { writers });
    const superseded = isWhole ? partsOf(entry, 1) : [];
    const part = isWhole ? 0 : entry.parts;
    entry.parts = part + 1;
    return [[`${nameOf(kind, partition, start)}/${part}`, { partition, bodies } satisfies StoredPart], ...superseded];
  }

  function paneIn(bodies: readonly Uint8Array[], start: number): PanePartial {
    const [pane] = atOnce(panesOf({ bodies }, plan.columns.length, plan.groupings.length)).live;
    return pane ?? { start, cells: plan.groupings.map(() => []) };
  }

  return {
    changed(kind, partition, start, keys) {
      const entry = entryOf(kind, partition, start);
      if (entry.parts > 0) {
        entry.keys ??= keys.map(() => new Set());
        for (const [grouping, series] of keys.entries()) for (const key of series) entry.keys[grouping]!.add(key);
      }
      stale.set(nameOf(kind, partition, start), entry);
    },
    dropped(kind, partition, start) {
      const name = nameOf(kind, partition, start);
      const entry = held.get(name);
      if (entry) gone.push(...partsOf(entry, 0));
      held.delete(name);
      stale.delete(name);
    },
    *takingStateChanges(paneOf) {
      const changes = gone;
      gone = [];
      for (const entry of stale.values()) {
        const pane = paneOf(entry.kind, entry.partition, entry.start);
        if (pane) changes.push(...(yield* write(entry, pane)));
        entry.keys = undefined;
      }
      stale.clear();
      return changes;
    },
    restore(entries) {
      return entries
        .filter(([key]) => key.startsWith(PANE_STATE))
        .map(([key, value]) => {
          const [, kind, start, ...rest] = key.split('/') as [string, Kind, string, ...string[]];
          const stored = value as StoredPart;
          const { partition } = stored;
          const entry = entryOf(kind, partition, Number(start));
          entry.parts = Math.max(entry.parts, Number(rest.at(-1)) + 1);
          const pane = 'bodies' in stored ? paneIn(stored.bodies, Number(start)) : { start: Number(start), cells: stored.cells };
          return { partition, live: kind === 'live' ? [pane] : [], replayed: kind === 'replayed' ? [pane] : [] };
        });
    },
  };
}

function nameOf(kind: Kind, partition: string, start: number): string {
  return `${PANE_STATE}${kind}/${start}/${partition}`;
}
