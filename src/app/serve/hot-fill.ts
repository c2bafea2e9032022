/** Whether the hot store has again what an earlier process had in memory. */
import { sleep } from '../../core/clock.ts';

export interface HotFill {
  isFilled(): boolean;
  /** `isFilled()`: at once where it is true, else as soon as it is, and after `waitMs` in any case. */
  soon(): Promise<boolean> | true;
  done(): void;
}

/**
 * Right after a start a page asks before the store is filled: what it got then would be the open window alone, and it would not ask again.
 * So an answer waits a little, and is marked where that was not enough.
 */
export function createHotFill({ waitMs }: { readonly waitMs: number }): HotFill {
  let filled = false;
  const filling = new AbortController();
  return {
    isFilled: () => filled,
    soon() {
      return filled ? true : sleep(waitMs, filling.signal).then(() => filled);
    },
    done() {
      filled = true;
      filling.abort();
    },
  };
}
