/** What the aggregation of one input partition tells the merge. */
import type { Cell } from './cells.ts';
import type { PanePartial } from './panes.ts';

export interface Partials {
  /** `ad-events/0` */
  readonly partition: string;
  /** Panes that changed, with their absolute values. */
  readonly live: readonly PanePartial[];
  /** Windows whose end this partition's watermark has passed, with the values they had at that moment. */
  readonly finals: readonly WindowFinal[];
  /** Panes that changed by replays from the dead-letter queue: absolute values, offsets of the replay topic. */
  readonly replayed: readonly PanePartial[];
  readonly progress: Progress;
}

export interface WindowFinal {
  /** Index into the plan's windows. */
  readonly window: number;
  readonly start: number;
  /** Per grouping. */
  readonly cells: readonly (readonly Cell[])[];
}

export interface Progress {
  /** Epoch ms; -Infinity before the first accepted event. */
  readonly watermark: number;
  /** Caught up, and nothing accepted for `idle_after` (under `--once`: read to the end). */
  readonly idle: boolean;
}
