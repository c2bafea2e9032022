/** The cells of one grouping of a pane or window, by series: as they were told, until one of them changes or is asked for. */
import { isTold, type ToldCells } from '../partials/cell-columns.ts';
import { seriesKey, type Cell, type CellList, type SeriesKey } from '../cells.ts';

export interface SeriesCells {
  held: ToldCells | Map<SeriesKey, Cell>;
}

/** More than these are taken in one by one, in slices: to look one up makes objects of all at once. */
const WHOLE_MAX = 4_096;

export function createSeriesCells(): SeriesCells {
  return { held: new Map() };
}

/** Takes all of them over as they were told, where there is nothing yet; false: they are to be put one by one. */
export function takeWhole(into: SeriesCells, cells: CellList): boolean {
  if (!(into.held instanceof Map) || into.held.size > 0 || !isTold(cells) || cells.length > WHOLE_MAX) return false;
  into.held = cells;
  return true;
}

/** To look into and to change. */
export function bySeries(cells: SeriesCells): Map<SeriesKey, Cell> {
  const { held } = cells;
  if (held instanceof Map) return held;
  const found = new Map<SeriesKey, Cell>();
  for (const cell of held) found.set(cell.key!, cell);
  cells.held = found;
  return found;
}

/** Each once, in the order in which they came; as they are until the next change. */
export function keysOf({ held }: SeriesCells): Iterable<SeriesKey> {
  return held instanceof Map ? held.keys() : held.series;
}

/** In that order. */
export function cellsOf({ held }: SeriesCells): CellList {
  return held instanceof Map ? [...held.values()] : held;
}

/** Each with its series, in that order. */
export function* entriesOf({ held }: SeriesCells): Generator<readonly [SeriesKey, Cell]> {
  if (held instanceof Map) yield* held;
  else for (const cell of held) yield [cell.key!, cell];
}

/** Both are as one record told them. */
export function areTwins(one: SeriesCells, other: SeriesCells): boolean {
  return one.held === other.held;
}

/** As they are told, or were kept. */
export function seriesCellsOf(cells: CellList): SeriesCells {
  const made = createSeriesCells();
  if (!takeWhole(made, cells)) for (const cell of cells) bySeries(made).set(seriesKey(cell), cell);
  return made;
}
