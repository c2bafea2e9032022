/** Who shares with whom: series that differ in one dimension only. */
import { labelsKey } from '../../core/labels.ts';
import type { Observation, SeriesInput } from '../detector.ts';

export interface Group<State> {
  /** Indexes of the inputs that are in it. */
  readonly members: readonly number[];
  /** What all of them counted. */
  readonly total: number;
  readonly states: readonly (State | undefined)[];
}

/** What is below 0 is no part of a whole. */
export function amountOf({ parts, value }: Observation): number {
  return Math.max(0, parts?.amount ?? value ?? 0);
}

/** Per input the group it belongs to; undefined: the series sums over the dimension. */
export function groupsOf<State>(inputs: readonly SeriesInput<State>[], dimension: string): (Group<State> | undefined)[] {
  const byRest = new Map<string, number[]>();
  inputs.forEach(({ observation: { labels } }, index) => {
    const { [dimension]: value, ...rest } = labels;
    if (value === undefined) return;
    const key = labelsKey(rest);
    const members = byRest.get(key);
    if (members) members.push(index);
    else byRest.set(key, [index]);
  });
  const groups: (Group<State> | undefined)[] = inputs.map(() => undefined);
  for (const members of byRest.values()) {
    const total = members.reduce((sum, index) => sum + amountOf(inputs[index]!.observation), 0);
    const group = { members, total, states: members.map((index) => inputs[index]!.state) };
    for (const index of members) groups[index] = group;
  }
  return groups;
}
