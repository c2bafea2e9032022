/** Named values <-> named bytes, by the structured clone's own format: numbers, typed arrays and maps come back as they were. */
import { deserialize, serialize } from 'node:v8';
import { atOnce, type Sliced } from '../core/slices.ts';
import type { StateChange } from '../log/log.ts';

export function toStateChanges(prefix: string, values: readonly (readonly [key: string, value: unknown])[]): StateChange[] {
  return atOnce(stateChanges(prefix, values));
}

/** The same in slices of whole values. */
export function* stateChanges(prefix: string, values: readonly (readonly [key: string, value: unknown])[]): Sliced<StateChange[]> {
  const changes: StateChange[] = [];
  for (const [key, value] of values) {
    changes.push([prefix + key, value === null ? null : serialize(value)]);
    yield;
  }
  return changes;
}

export function fromStateEntries(
  prefix: string,
  entries: readonly (readonly [key: string, bytes: Uint8Array])[],
): [key: string, value: unknown][] {
  return entries.map(([key, bytes]) => [key.slice(prefix.length), deserialize(bytes)]);
}
