/** What the aggregation of one input partition tells the merge. */
import type { CellList } from '../cells.ts';
import type { PanePartial } from '../panes.ts';

export interface Partials {
  /** `ad-events/0` */
  readonly partition: string;
  /** Panes that changed, with their absolute values. */
  readonly live: readonly PanePartial[];
  /** Windows whose end this partition's watermark has passed, with the values they had at that moment. */
  readonly finals: readonly WindowFinal[];
  /** Panes that changed by replays from the dead-letter queue: absolute values, offsets of the replay topic. */
  readonly replayed: readonly PanePartial[];
  /** Absent where more of the same follows: it stands in the last part. */
  readonly progress?: Progress;
}

export interface WindowFinal {
  /** Index into the plan's windows. */
  readonly window: number;
  readonly start: number;
  /** Per grouping. */
  readonly cells: readonly CellList[];
}

export interface Progress {
  /** The next offset of the partition: what changed before it has been told, with this or before. */
  readonly offset: number;
  /** Counts the owners that the partition has had. What an older one says of idleness no longer counts. */
  readonly epoch: number;
  /** Counts what this owner has told. */
  readonly turn: number;
  /** Epoch ms; -Infinity before the first accepted event. */
  readonly watermark: number;
  /** Caught up, and nothing accepted for `idle_after` (under `--once`: read to the end). */
  readonly idle: boolean;
}
