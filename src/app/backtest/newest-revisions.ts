/** Windows that were computed anew stand in the topic again: of each window the newest revision counts. */
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import { revisionOf } from '../../windows/row-version.ts';

export interface NewestRevisions {
  /** Every row of the topic, in its order, before anything is asked: revisions only grow along it. */
  note(row: WindowRow): void;
  /** That of the window, or where it has no rows that of the last one before it which has some: they were told together. Undefined: there is none. */
  of(record: WindowRecord): number | undefined;
}

export function createNewestRevisions(): NewestRevisions {
  /** By window size and start. */
  const sizes = new Map<string, Map<string, number>>();
  /** By window size, its starts in order: as texts of one form they sort as times do. */
  const ordered = new Map<string, string[]>();

  function startsOf(window: string, own: ReadonlyMap<string, number>): readonly string[] {
    let starts = ordered.get(window);
    if (!starts) ordered.set(window, (starts = [...own.keys()].sort()));
    return starts;
  }

  return {
    note({ window, window_start, version }) {
      let own = sizes.get(window);
      if (!own) sizes.set(window, (own = new Map()));
      own.set(window_start, revisionOf(version));
    },
    of({ window, window_start }) {
      const own = sizes.get(window);
      const known = own?.get(window_start);
      if (!own || known !== undefined) return known;
      const before = lastBefore(startsOf(window, own), window_start);
      return before === undefined ? undefined : own.get(before);
    },
  };
}

/** The last of the sorted texts that is less than this one. */
function lastBefore(sorted: readonly string[], text: string): string | undefined {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < text) from = middle + 1;
    else to = middle;
  }
  return sorted[from - 1];
}
