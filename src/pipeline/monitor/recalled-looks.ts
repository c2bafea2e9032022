/** Looks that rang in an earlier run, until the window that they go before is judged again. */
import type { AlertEvent } from '../../receivers/alert-event.ts';

export interface RecalledLooks {
  add(event: AlertEvent): void;
  /** Of one window size and the window that was the first open one then (its start, ISO 8601): look by look, in the order in which they rang. */
  take(window: string, start: string): AlertEvent[][];
  /** The highest number of a look there; undefined: there is none. */
  highest(window: string, start: string): number | undefined;
}

export function createRecalledLooks(): RecalledLooks {
  const byWindow = new Map<string, AlertEvent[]>();

  return {
    add(event) {
      const key = keyOf(event.window, openFromOf(event));
      byWindow.set(key, [...(byWindow.get(key) ?? []), event]);
    },
    take(window, start) {
      const key = keyOf(window, start);
      const looks = Map.groupBy(byWindow.get(key) ?? [], ({ look }) => look!.number);
      byWindow.delete(key);
      return [...looks.values()];
    },
    highest(window, start) {
      const numbers = (byWindow.get(keyOf(window, start)) ?? []).map(({ look }) => look!.number);
      return numbers.length === 0 ? undefined : Math.max(...numbers);
    },
  };
}

/** Start of the first open window when it rang: its own, unless the clock told of a later one. ISO 8601. */
export function openFromOf({ window_start: start, look }: AlertEvent): string {
  return look?.open_from ?? start;
}

function keyOf(window: string, start: string): string {
  return `${window}/${start}`;
}
