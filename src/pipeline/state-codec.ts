/** Named values <-> named bytes, by the structured clone's own format: numbers, typed arrays and maps come back as they were. */
import { deserialize, serialize } from 'node:v8';
import type { StateChange } from '../log/log.ts';

export function toStateChanges(prefix: string, values: readonly (readonly [key: string, value: unknown])[]): StateChange[] {
  return values.map(([key, value]) => [prefix + key, value === null ? null : serialize(value)]);
}

export function fromStateEntries(
  prefix: string,
  entries: readonly (readonly [key: string, bytes: Uint8Array])[],
): [key: string, value: unknown][] {
  return entries.map(([key, bytes]) => [key.slice(prefix.length), deserialize(bytes)]);
}
