/**
 * Values of a pane that are those of a window at its end as well: where windows are one pane long and close within a tick that is nearly all
 * of them, and they are told once.
 */
import { createPace, type Sliced } from '../../core/slices.ts';
import type { Cell, CellList } from '../cells.ts';
import type { PanePartial } from '../panes.ts';
import type { WindowFinal } from './partials.ts';

export interface Twins {
  /** Both the pane's and the window's, which starts with it. */
  readonly both: readonly WindowFinal[];
  readonly live: readonly PanePartial[];
  readonly finals: readonly WindowFinal[];
}

export function* twinsOf(live: readonly PanePartial[], finals: readonly WindowFinal[]): Sliced<Twins> {
  if (live.length === 0 || finals.length === 0) return { both: [], live, finals };
  const isDue = createPace();
  const byStart = new Map<number, WindowFinal>();
  // Of several windows that start together the first: the others are longer, and other values.
  for (const final of finals) if (!byStart.has(final.start)) byStart.set(final.start, final);
  const both: WindowFinal[] = [];
  const rest = new Map<WindowFinal, WindowFinal>();

  function* apart(cells: CellList, ends: CellList): Sliced<{ same: Cell[]; live: Cell[]; final: Cell[] }> {
    const byLabels = new Map(Array.from(ends, (cell) => [cell.labels, cell]));
    const found = { same: new Array<Cell>(), live: new Array<Cell>() };
    for (const cell of cells) {
      const end = byLabels.get(cell.labels);
      if (end && isSame(cell, end)) {
        found.same.push(cell);
        byLabels.delete(cell.labels);
      } else found.live.push(cell);
      if (isDue()) yield;
    }
    return { ...found, final: [...byLabels.values()] };
  }

  const panes: PanePartial[] = [];
  for (const pane of live) {
    const final = byStart.get(pane.start);
    if (!final) {
      panes.push(pane);
      continue;
    }
    const groupings = [];
    for (const [grouping, cells] of pane.cells.entries()) groupings.push(yield* apart(cells, final.cells[grouping] ?? []));
    both.push({ ...final, cells: groupings.map(({ same }) => same) });
    panes.push({ ...pane, cells: groupings.map((each) => each.live) });
    rest.set(final, { ...final, cells: groupings.map((each) => each.final) });
  }
  return { both, live: panes, finals: finals.map((final) => rest.get(final) ?? final) };
}

/** To the bit. */
function isSame(one: Cell, other: Cell): boolean {
  if (one.events !== other.events || one.offsets !== other.offsets || one.values.length !== other.values.length) return false;
  for (let c = 0; c < one.values.length; c++) if (!Object.is(one.values[c], other.values[c])) return false;
  return true;
}
