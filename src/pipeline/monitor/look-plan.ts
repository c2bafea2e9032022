/** How many series the monitor looks at in one tick: as many as the time allows, in turn. */
import type { WindowRow } from '../../windows/row.ts';

/** Of one window size in one tick (250 ms): series beyond it are skipped, and rung by the final row. */
const LOOK_MS_MAX = 12;
/** Assumed of a series until it was measured, ms. */
const COST_MS_FIRST = 0.02;
const COST_SHARE_NEW = 0.2;

export interface LookCounts {
  readonly looked: number;
  readonly skipped: number;
}

export interface LookPlan {
  /** Lets `look` see the rows that time allows. */
  run<T>(rows: readonly WindowRow[], elapsed: () => number, look: (chosen: readonly WindowRow[]) => T): T;
  counts(): LookCounts;
}

export function createLookPlan(): LookPlan {
  let cost = COST_MS_FIRST;
  let turn = 0;
  let looked = 0;
  let skipped = 0;

  /** Roll-ups first, the widest before all: they are few, and see most. The others come in turn from tick to tick. */
  function choose(rows: readonly WindowRow[], count: number): readonly WindowRow[] {
    if (rows.length <= count) return rows;
    const level = ({ labels }: WindowRow): number => Object.keys(labels).length;
    const widest = rows.reduce((most, row) => Math.max(most, level(row)), 0);
    const rollups = rows.filter((row) => level(row) < widest).sort((a, b) => level(a) - level(b));
    rollups.length = Math.min(rollups.length, count);
    const full = rows.filter((row) => level(row) === widest);
    const from = full.length === 0 ? 0 : turn % full.length;
    turn = from + count - rollups.length;
    return [...rollups, ...full.slice(from), ...full.slice(0, from)].slice(0, count);
  }

  return {
    run(rows, elapsed, look) {
      const chosen = choose(rows, Math.max(1, Math.floor(LOOK_MS_MAX / cost)));
      const begun = elapsed();
      const seen = look(chosen);
      cost += COST_SHARE_NEW * ((elapsed() - begun) / chosen.length - cost);
      // A clock that stood still says nothing of the cost.
      cost = Math.max(cost, COST_MS_FIRST / 100);
      looked += chosen.length;
      skipped += rows.length - chosen.length;
      return seen;
    },
    counts: () => ({ looked, skipped }),
  };
}
