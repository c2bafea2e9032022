/** The windows that can still change: what the merge has to remember of each beside the panes. */
import { atOnce, createPace, type Sliced } from '../../core/slices.ts';
import { createByteReader, type ByteWriter } from '../byte-stream.ts';
import { seriesKey, type CellList, type SeriesKey } from '../cells.ts';
import { createBodyWriters, encodingBodies, panesOf } from '../partials/codec.ts';
import { windowStarts, type Plan } from '../plan.ts';
import { bySeries, cellsOf, createSeriesCells, seriesCellsOf, takeWhole, type SeriesCells } from './series-cells.ts';
import { createSeriesSet, type SeriesSet } from './series-set.ts';

export interface WindowId {
  /** Index into the plan's windows. */
  readonly window: number;
  /** Epoch ms. */
  readonly start: number;
}

interface Given {
  readonly atFinal: number;
  readonly latest: number;
  /** Absent in old state. */
  readonly offsets?: number;
}

export interface OpenWindow extends WindowId {
  readonly end: number;
  /** Its first final rows have been given out. */
  closed: boolean;
  /** Provisional rows of it have been given out in this life: from then on those that changed are, before it all of them. */
  wasShown: boolean;
  /** Partitions that had not passed its end then: idle ones. */
  idle: readonly string[];
  /** At-final values by partition, until it is closed. Per grouping, by series: told twice they are the same. */
  readonly finals: Map<string, readonly SeriesCells[]>;
  /** Per grouping: events in the first final row and in the latest one, and the offsets behind that. */
  readonly given: Map<SeriesKey, Given>[];
  /** Per grouping: series that changed and were not given out since. */
  readonly dirty: SeriesSet[];
}

export interface WindowBook {
  has(id: WindowId): boolean;
  get(id: WindowId): OpenWindow | undefined;
  /** A window that was not there. `closed`: it is final already, with these partitions idle. */
  open(id: WindowId, closed: { readonly idle: readonly string[] } | undefined): OpenWindow;
  /** Adds at-final values of a partition. */
  addFinals(entry: OpenWindow, partition: string, cells: readonly CellList[]): Sliced<void>;
  /** To be written with the next commit. */
  changed(id: WindowId): void;
  drop(id: WindowId): void;
  /** By end, then in the order of the file. */
  all(): OpenWindow[];
  endOf(id: WindowId): number;
  /** All windows that a pane belongs to. */
  windowsOf(paneStart: number): WindowId[];
  /** What changed since the last call; null: gone. */
  takingStateChanges(): Sliced<NamedValue[]>;
  /** Takes what is of its own form out of all values. */
  restore(entries: readonly (readonly [key: string, value: unknown])[]): void;
}

type NamedValue = [key: string, value: unknown];

/** State keys of windows, and of at-final values by window and partition; what is behind it tells which. */
const WINDOW_STATE = 'window/';
const FINALS_STATE = 'finals/';

/** As written. */
interface StoredWindow extends Pick<OpenWindow, 'window' | 'start' | 'end' | 'closed' | 'idle'> {
  readonly given: readonly Uint8Array[];
}

/** Bodies of partials. */
interface StoredFinals extends WindowId {
  readonly partition: string;
  readonly bodies: readonly Uint8Array[];
}

export function createWindowBook(plan: Plan): WindowBook {
  const open = new Map<string, OpenWindow>();
  const changed = new Set<string>();
  /** Keys of at-final values that are written, by window; and of those, by window, the partitions with newer ones. */
  const written = new Map<string, Set<string>>();
  const newFinals = new Map<string, Set<string>>();
  const writers = createBodyWriters();
  const keyOf = ({ window, start }: WindowId): string => `${window}/${start}`;
  const endOf = ({ window, start }: WindowId): number => start + plan.windows[window]!.sizeMs;

  /** What is new of a window's at-final values; once it is closed they are needed no more. */
  function* finalsOf(key: string, entry: OpenWindow | undefined): Sliced<NamedValue[]> {
    if (!entry || entry.closed) {
      const gone = [...(written.get(key) ?? [])].map((name): NamedValue => [name, null]);
      written.delete(key);
      return gone;
    }
    const changes: NamedValue[] = [];
    for (const partition of newFinals.get(key) ?? []) {
      const { window, start } = entry;
      const cells = entry.finals.get(partition)!.map(cellsOf);
      const bodies = yield* encodingBodies({ live: [], replayed: [], finals: [{ window, start, cells }] }, { writers });
      const name = `${FINALS_STATE}${key}/${partition}`;
      addTo(written, key, name);
      changes.push([name, { window, start, partition, bodies } satisfies StoredFinals]);
    }
    return changes;
  }

  function restoreWindow({ given, ...entry }: StoredWindow): void {
    const dirty = plan.groupings.map(createSeriesSet);
    open.set(keyOf(entry), { ...entry, wasShown: false, given: given.map(givenIn), finals: new Map(), dirty });
  }

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
        wasShown: false,
        idle: closed?.idle ?? [],
        finals: new Map(),
        given: plan.groupings.map(() => new Map()),
        dirty: plan.groupings.map(createSeriesSet),
      };
      open.set(keyOf(entry), entry);
      return entry;
    },
    *addFinals(entry, partition, cells) {
      const isDue = createPace();
      const finals = entry.finals.get(partition) ?? plan.groupings.map(createSeriesCells);
      entry.finals.set(partition, finals);
      for (const [grouping, list] of cells.entries()) {
        if (takeWhole(finals[grouping]!, list)) continue;
        const series = bySeries(finals[grouping]!);
        for (const cell of list) {
          series.set(seriesKey(cell), cell);
          if (isDue()) yield;
        }
      }
      changed.add(keyOf(entry));
      addTo(newFinals, keyOf(entry), partition);
    },
    changed: (id) => void changed.add(keyOf(id)),
    drop(id) {
      open.delete(keyOf(id));
      changed.add(keyOf(id));
    },
    all: () => [...open.values()].sort((a, b) => a.end - b.end || a.window - b.window),
    windowsOf: (paneStart) => plan.windows.flatMap((spec, window) => windowStarts(spec, paneStart).map((start) => ({ window, start }))),
    *takingStateChanges() {
      const changes: NamedValue[] = [];
      for (const key of changed) {
        const entry = open.get(key);
        changes.push([WINDOW_STATE + key, entry ? yield* storedWindow(entry, writers.current) : null]);
        changes.push(...(yield* finalsOf(key, entry)));
      }
      changed.clear();
      newFinals.clear();
      return changes;
    },
    restore(entries) {
      for (const [key, value] of entries) if (key.startsWith(WINDOW_STATE)) restoreWindow(value as StoredWindow);
      for (const [key, value] of entries) {
        if (!key.startsWith(FINALS_STATE)) continue;
        const { partition, bodies, ...id } = value as StoredFinals;
        addTo(written, keyOf(id), key);
        const { finals } = atOnce(panesOf({ bodies }, plan.columns.length, plan.groupings.length));
        const known = finals[0]?.cells ?? plan.groupings.map(() => []);
        open.get(keyOf(id))?.finals.set(partition, known.map(seriesCellsOf));
      }
    },
  };
}

function addTo(sets: Map<string, Set<string>>, key: string, item: string): void {
  const known = sets.get(key);
  if (known) known.add(item);
  else sets.set(key, new Set([item]));
}

function* storedWindow({ window, start, end, closed, idle, given }: OpenWindow, into: ByteWriter): Sliced<StoredWindow> {
  const isDue = createPace();
  const bytes: Uint8Array[] = [];
  for (const series of given) {
    for (const [key, { atFinal, latest, offsets }] of series) {
      into.text(key);
      into.count(atFinal);
      into.count(latest);
      into.count(offsets === undefined ? 0 : offsets + 1);
      if (isDue()) yield;
    }
    bytes.push(into.take());
  }
  return { window, start, end, closed, idle, given: bytes };
}

function givenIn(bytes: Uint8Array): Map<SeriesKey, Given> {
  const from = createByteReader(bytes);
  const series = new Map<SeriesKey, Given>();
  while (!from.atEnd) {
    const [key, atFinal, latest, offsets] = [from.text(), from.count(), from.count(), from.count()];
    series.set(key, { atFinal, latest, ...(offsets > 0 && { offsets: offsets - 1 }) });
  }
  return series;
}
