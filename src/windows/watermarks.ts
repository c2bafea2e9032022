/** How far the input partitions are, and up to where windows are final because of it. */
import type { Progress } from './partials.ts';
import { inputPartitions, type Plan } from './plan.ts';

export interface Watermarks {
  /** Names of the input partitions, in the order in which values are summed. */
  readonly names: readonly string[];
  /** Windows that end up to here are final: every partition has passed it, or is idle. Epoch ms; it never goes back. */
  readonly frontier: number;
  /** Watermarks only rise: what an earlier one says changes nothing. */
  advance(progress: readonly { readonly partition: string; readonly progress: Progress }[]): void;
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
  readonly watermarks: readonly (readonly [partition: string, watermark: number])[];
}

export function createWatermarks(plan: Plan): Watermarks {
  const partitions = new Map(
    inputPartitions(plan.spec).map(({ name, source }) => [
      name,
      { latenessMs: source.event.allowedLatenessMs, watermark: -Infinity, idle: false },
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
        const known = partitions.get(partition)!;
        known.watermark = Math.max(known.watermark, progress.watermark);
        known.idle = progress.idle;
      }
      const awake = all.filter(({ idle }) => !idle).map(({ watermark }) => watermark);
      frontier = Math.max(frontier, awake.length > 0 ? Math.min(...awake) : latest());
    },
    notPassed: (end) => [...partitions].filter(([, { watermark }]) => watermark < end).map(([name]) => name),
    isPast(partition, end) {
      const { watermark, latenessMs } = partitions.get(partition)!;
      return watermark >= end + latenessMs;
    },
    isRetirable: (partition, end) => latest() >= end + partitions.get(partition)!.latenessMs + plan.spec.limits.retireAfterMs,
    state: () => ({ frontier, watermarks: [...partitions].map(([name, { watermark }]) => [name, watermark]) }),
    restore(state) {
      frontier = state.frontier;
      for (const [name, watermark] of state.watermarks) {
        const known = partitions.get(name);
        if (known) known.watermark = watermark;
      }
    },
  };
}
