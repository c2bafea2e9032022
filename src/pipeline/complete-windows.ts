/** Windows that a revision has whole: those that began when it did, or later. */
import type { WindowRecord } from '../windows/row.ts';

/** Whether the window of a record begins at `completeFrom` (epoch ms) or later. Of an earlier one nothing is given out, provisional or final. */
export function completeWindows(completeFrom: number): (record: Pick<WindowRecord, 'window_start'>) => boolean {
  // Rows of a window come together: when it begins is read once.
  let last = { start: '', isComplete: false };
  return ({ window_start: start }) => {
    if (start !== last.start) last = { start, isComplete: Date.parse(start) >= completeFrom };
    return last.isComplete;
  };
}
