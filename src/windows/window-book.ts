/** The windows that can still change: what the merge has to remember of each beside the panes. */
import { createPace, type Sliced } from '../core/slices.ts';
import type { Cell } from './cells.ts';
import { seriesKey, type SeriesKey } from './live-panes.ts';
import { windowStarts, type Plan } from './plan.ts';

export interface WindowId {
  /** Index into the plan's windows. */
  readonly window: number;
  /** Epoch ms. */
  readonly start: number;
}

export interface OpenWindow extends WindowId {
  readonly end: number;
  /** Its first final rows have been given out. */
  closed: boolean;
  /** Partitions that had not passed its end then: idle ones. */
  idle: readonly string[];
  /** At-final values by partition, until it is closed. Per grouping, by series: told twice they are the same. */
  readonly finals: Map<string, readonly Map<SeriesKey, Cell>[]>;
  /** Per grouping: events in the first final row and in the latest one, and the offsets behind that. */
  readonly given: Map<SeriesKey, { atFinal: number; latest: number; offsets?: number }>[];
  /** Per grouping: series that changed and were not given out since. */
  readonly dirty: Set<SeriesKey>[];
}

export interface WindowBook {
  has(id: WindowId): boolean;
  get(id: WindowId): OpenWindow | undefined;
  /** A window that was not there. `closed`: it is final already, with these partitions idle. */
  open(id: WindowId, closed: { readonly idle: readonly string[] } | undefined): OpenWindow;
  /** Adds at-final values of a partition. */
  addFinals(entry: OpenWindow, partition: string, cells: readonly (readonly Cell[])[]): Sliced<void>;
  /** To be written with the next commit. */
  changed(id: WindowId): void;
  drop(id: WindowId): void;
  /** By end, then in the order of the file. */
  all(): OpenWindow[];
  endOf(id: WindowId): number;
  /** All windows that a pane belongs to. */
  windowsOf(paneStart: number): WindowId[];
  takeStateChanges(): [key: string, value: unknown][];
  restore(value: unknown): void;
}

/** State keys of windows; what is behind it tells which one. */
export const WINDOW_STATE = 'window/';

export function createWindowBook(plan: Plan): WindowBook {
  const open = new Map<string, OpenWindow>();
  const changed = new Set<string>();
  const keyOf = ({ window, start }: WindowId): string => `${window}/${start}`;
  const endOf = ({ window, start }: WindowId): number => start + plan.windows[window]!.sizeMs;

  return {
    endOf,
    has: (id) => open.has(keyOf(id)),
    get: (id) => open.get(keyOf(id)),
    open({ window, start }, closed) {
      const entry: OpenWindow = {
        window,
        start,
        end: endOf({ window, start }),
        closed: closed !== undefined,
        idle: closed?.idle ?? [],
        finals: new Map(),
        given: plan.groupings.map(() => new Map()),
        dirty: plan.groupings.map(() => new Set()),
      };
      open.set(keyOf(entry), entry);
      return entry;
    },
    *addFinals(entry, partition, cells) {
      const isDue = createPace();
      const finals = entry.finals.get(partition) ?? plan.groupings.map(() => new Map<SeriesKey, Cell>());
      entry.finals.set(partition, finals);
      for (const [grouping, list] of cells.entries()) {
        for (const cell of list) {
          finals[grouping]!.set(seriesKey(cell), cell);
          if (isDue()) yield;
        }
      }
      changed.add(keyOf(entry));
    },
    changed: (id) => void changed.add(keyOf(id)),
    drop(id) {
      open.delete(keyOf(id));
      changed.add(keyOf(id));
    },
    all: () => [...open.values()].sort((a, b) => a.end - b.end || a.window - b.window),
    windowsOf: (paneStart) => plan.windows.flatMap((spec, window) => windowStarts(spec, paneStart).map((start) => ({ window, start }))),
    takeStateChanges() {
      const changes = [...changed].map((key): [string, unknown] => {
        const entry = open.get(key);
        return [WINDOW_STATE + key, entry ? { ...entry, dirty: undefined } : null];
      });
      changed.clear();
      return changes;
    },
    restore(value) {
      const entry = value as Omit<OpenWindow, 'dirty'>;
      // Once they were lists.
      const finals = new Map([...entry.finals].map(([partition, lists]) => [partition, lists.map(bySeries)]));
      open.set(keyOf(entry), { ...entry, finals, dirty: plan.groupings.map(() => new Set<SeriesKey>()) });
    },
  };
}

function bySeries(cells: ReadonlyMap<SeriesKey, Cell> | readonly Cell[]): Map<SeriesKey, Cell> {
  return new Map(Array.isArray(cells) ? cells.map((cell: Cell) => [seriesKey(cell), cell]) : (cells as ReadonlyMap<SeriesKey, Cell>));
}
