import type { Labels } from '../core/labels.ts';
import type { HotStoreConfig } from './hot-store.ts';

export const DEFAULT_MAX_SERIES = 100_000;

/** How long final rows of a series are kept, in ms of event time; undefined where only its last row is. */
export type HistoryLookup = (pipeline: string, window: string, labels: Labels) => number | undefined;

export function historyLookup(config: HotStoreConfig): HistoryLookup {
  const dimensionsKey = (names: readonly string[]): string => JSON.stringify([...names].sort());
  const rules = config.history.map(({ groupings, ...rule }) => ({
    ...rule,
    groupings: groupings && new Set(groupings.map(dimensionsKey)),
  }));
  return (pipeline, window, labels) =>
    rules.find(
      (rule) => rule.pipeline === pipeline && rule.window === window && (rule.groupings?.has(dimensionsKey(Object.keys(labels))) ?? true),
    )?.keepMs;
}
