/** Topics between the stages, where these run apart, and what is kept there. */
import type { TopicSettings } from '../log/log.ts';

const DAY_MS = 86_400_000;

/** What the aggregations tell the monitor; one partition. */
export function partialsTopic(pipeline: string): string {
  return `${pipeline}.partials`;
}

/** A week, as raw topics are kept: while the monitor is away the aggregations wait. */
export const PARTIALS_SETTINGS: TopicSettings = { partitions: 1, retentionMs: 7 * DAY_MS, keeperTimes: true };

/** State and offsets of the aggregation of each partition of a raw topic, in the partition of the same number. */
export function snapshotsTopic(pipeline: string, rawTopic: string): string {
  return `${pipeline}.snapshots.${rawTopic}`;
}

/** State and offsets of the stages that have one active member, one partition each. */
export function stateTopic(pipeline: string): string {
  return `${pipeline}.state`;
}

/** Partitions of the state topic. */
export const STATE_PARTITIONS = { monitor: 0, notify: 1, sources: 2, store: 3 } as const;

/** The ledger of a stage: its place in the state topic, and how many partitions that is made with. */
export function statePlace(pipeline: string, of: keyof typeof STATE_PARTITIONS): { topic: string; partition: number; partitions: number } {
  return { topic: stateTopic(pipeline), partition: STATE_PARTITIONS[of], partitions: Object.keys(STATE_PARTITIONS).length };
}

/** The consumer group that reads the partials: how far it is says how far the monitor is behind. */
export function monitorGroup(pipeline: string): string {
  return `${pipeline}.monitor`;
}
