/** What passes of a history: how much, and what time was judged; each window size by itself, as a store keeps some of them longer than others. */
import type { WindowSpec } from '../../windows/spec.ts';
import type { RecordColumns } from './record-columns.ts';

export const DAY_MS = 86_400_000;

/** Epoch ms. */
export interface JudgedTime {
  /** Start of the first window, be it one that was only learnt from. */
  readonly first: number;
  /** Of the windows judged: start of the first, and end of the last one. */
  readonly from: number;
  readonly to: number;
}

export interface Meter {
  count(columns: RecordColumns): void;
  /** Of the windows of one size; undefined: none was judged. */
  of(window: string): JudgedTime | undefined;
  /** Of all of them. */
  whole(): JudgedTime | undefined;
  readonly rows: number;
  readonly windows: number;
  /** Start of the first window, whether or not any was judged. */
  readonly first: number | undefined;
}

/** `from`: start of the first window that is judged. */
export function createMeter(windows: readonly WindowSpec[], from = -Infinity): Meter {
  const times = windows.map(() => ({ first: Infinity, from: Infinity, to: -Infinity }));
  let rows = 0;
  let closed = 0;

  function together(some: readonly JudgedTime[]): JudgedTime {
    return {
      first: Math.min(...some.map((time) => time.first)),
      from: Math.min(...some.map((time) => time.from)),
      to: Math.max(...some.map((time) => time.to)),
    };
  }

  return {
    count({ count, series, start, window }) {
      for (let i = 0; i < count; i++) {
        if (series[i]! >= 0) {
          rows++;
          continue;
        }
        closed++;
        const time = times[window[i]!]!;
        const begins = start[i]!;
        time.first = Math.min(time.first, begins);
        if (begins < from) continue;
        time.from = Math.min(time.from, begins);
        time.to = Math.max(time.to, begins + windows[window[i]!]!.sizeMs);
      }
    },
    of(window) {
      const time = times[windows.findIndex(({ name }) => name === window)];
      return time && isJudged(time) ? { ...time } : undefined;
    },
    whole: () => (times.some(isJudged) ? together(times) : undefined),
    get rows() {
      return rows;
    },
    get windows() {
      return closed;
    },
    get first() {
      const { first } = together(times);
      return first === Infinity ? undefined : first;
    },
  };
}

function isJudged({ from, to }: JudgedTime): boolean {
  return to > from;
}

/** How many there are a day, of each window size by its own days. */
export function perDay(alerts: readonly { readonly window: string }[], timeOf: Meter['of']): number {
  let sum = 0;
  for (const [window, own] of Map.groupBy(alerts, (alert) => alert.window)) {
    const time = timeOf(window);
    if (time) sum += (own.length * DAY_MS) / (time.to - time.from);
  }
  return sum;
}
