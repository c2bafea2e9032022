/**
 * In which order windows are told as closed: by end, then in the order of the file. Windows without any event are told
 * too, for a while after the last one with some, so that a series that fell silent is seen to be silent.
 */
import type { WindowSpec } from '../spec.ts';

/** So many empty windows are told after the last one with events. */
const EMPTY_CLOSED_MAX = 60;

/** Per window size: the last window told, and the last one with events; starts, epoch ms. */
export type ClosingPosition = { told: number; filled: number } | null;

export interface ClosingOrder {
  /** `filled`: windows with events that are final now. Yields them and the empty ones, up to `frontier`, in order. */
  advance(filled: readonly { window: number; start: number }[], frontier: number): { window: number; start: number }[];
  positions(): ClosingPosition[];
  restore(positions: readonly ClosingPosition[]): void;
}

export function closingOrder(windows: readonly WindowSpec[]): ClosingOrder {
  const positions: ClosingPosition[] = windows.map(() => null);

  function* emptyBetween(window: number, from: number, before: number): Generator<{ window: number; start: number }> {
    const { slideMs } = windows[window]!;
    for (let start = from; start < before; start += slideMs) yield { window, start };
  }

  return {
    advance(filled, frontier) {
      const closing: { window: number; start: number }[] = [];
      windows.forEach(({ sizeMs, slideMs }, window) => {
        const starts = filled
          .filter((entry) => entry.window === window)
          .map((entry) => entry.start)
          .sort((a, b) => a - b);
        for (const start of starts) {
          const position = positions[window];
          if (position)
            closing.push(...emptyBetween(window, position.told + slideMs, Math.min(start, lastEmpty(position.filled, slideMs) + 1)));
          closing.push({ window, start });
          positions[window] = { told: start, filled: start };
        }
        const position = positions[window];
        if (!position) return;
        const empty = [
          ...emptyBetween(window, position.told + slideMs, Math.min(frontier - sizeMs, lastEmpty(position.filled, slideMs)) + 1),
        ];
        closing.push(...empty);
        if (empty.length > 0) position.told = empty.at(-1)!.start;
      });
      const endOf = ({ window, start }: { window: number; start: number }): number => start + windows[window]!.sizeMs;
      return closing.sort((a, b) => endOf(a) - endOf(b) || a.window - b.window);
    },
    positions: () => positions.map((position) => position && { ...position }),
    restore(restored) {
      restored.forEach((position, window) => (positions[window] = position && { ...position }));
    },
  };
}

function lastEmpty(filled: number, slideMs: number): number {
  return filled + EMPTY_CLOSED_MAX * slideMs;
}
