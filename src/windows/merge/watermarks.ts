/** How far the input partitions are, and up to where windows are final because of it. */
import type { Progress } from '../partials/partials.ts';
import { inputPartitions, type Plan } from '../plan.ts';

export interface Watermarks {
  /** Names of the input partitions, in the order in which values are summed. */
  readonly names: readonly string[];
  /** Windows that end up to here are final: every partition has passed it, or is idle. Epoch ms; it never goes back. */
  readonly frontier: number;
  /** Watermarks and offsets only rise, and the newest owner says what is idle: repeats and what an earlier one says change nothing. */
  advance(told: readonly { readonly partition: string; readonly progress?: Progress }[]): void;
  /** Epoch ms, -Infinity before the first accepted event. */
  watermark(partition: string): number;
  /** Up to where a partition's records have been told. */
  offset(partition: string): number;
  /** Whether its owner has told that it is idle. */
  isIdle(partition: string): boolean;
  /** Partitions whose own watermark is before `end`. */
  notPassed(end: number): string[];
  /** Whether nothing can be accepted any more into a window that ends at `end`, from this partition. */
  isPast(partition: string, end: number): boolean;
  /** Whether event time, by the partition furthest ahead, is `retire_after` past all that a window ending at `end` waits for. */
  isRetirable(partition: string, end: number): boolean;
  state(): WatermarksState;
  restore(state: WatermarksState): void;
}

export interface WatermarksState {
  readonly frontier: number;
  /** Older states have the first two. */
  readonly watermarks: readonly (readonly [
    partition: string,
    watermark: number,
    offset?: number,
    epoch?: number,
    idle?: boolean,
    turn?: number,
  ])[];
}

export function createWatermarks(plan: Plan): Watermarks {
  const partitions = new Map(
    inputPartitions(plan.spec).map(({ name, source }) => [
      name,
      { latenessMs: source.event.allowedLatenessMs, watermark: -Infinity, offset: 0, epoch: 0, turn: 0, idle: false },
    ]),
  );
  const all = [...partitions.values()];
  let frontier = -Infinity;
  const latest = (): number => Math.max(...all.map(({ watermark }) => watermark));

  return {
    names: [...partitions.keys()],
    get frontier() {
      return frontier;
    },
    advance(told) {
      for (const { partition, progress } of told) {
        const known = partitions.get(partition);
        if (!known || !progress) continue;
        known.watermark = Math.max(known.watermark, progress.watermark);
        known.offset = Math.max(known.offset, progress.offset);
        if (progress.epoch < known.epoch || (progress.epoch === known.epoch && progress.turn < known.turn)) continue;
        known.epoch = progress.epoch;
        known.turn = progress.turn;
        known.idle = progress.idle;
      }
      const awake = all.filter(({ idle }) => !idle).map(({ watermark }) => watermark);
      frontier = Math.max(frontier, awake.length > 0 ? Math.min(...awake) : latest());
    },
    watermark: (partition) => partitions.get(partition)?.watermark ?? -Infinity,
    offset: (partition) => partitions.get(partition)?.offset ?? 0,
    isIdle: (partition) => partitions.get(partition)?.idle === true,
    notPassed: (end) => [...partitions].filter(([, { watermark }]) => watermark < end).map(([name]) => name),
    isPast(partition, end) {
      const { watermark, latenessMs } = partitions.get(partition)!;
      return watermark >= end + latenessMs;
    },
    isRetirable: (partition, end) => latest() >= end + partitions.get(partition)!.latenessMs + plan.spec.limits.retireAfterMs,
    state: () => ({
      frontier,
      watermarks: [...partitions].map(([name, { watermark, offset, epoch, idle, turn }]) => [name, watermark, offset, epoch, idle, turn]),
    }),
    restore(state) {
      frontier = state.frontier;
      for (const [name, watermark, offset = 0, epoch = 0, idle = false, turn = 0] of state.watermarks) {
        const known = partitions.get(name);
        if (known) Object.assign(known, { watermark, offset, epoch, idle, turn });
      }
    },
  };
}
