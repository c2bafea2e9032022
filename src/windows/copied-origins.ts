/**
 * Origins that stand on the replay topic while their partition is still to be read: what the partition itself makes of them. One that
 * counts there, or is a duplicate there, must not count once more through its copy, however long ago its id was forgotten.
 *
 * There are as many as dead letters were sent in again, and each is forgotten when its copy is judged.
 */
import { ACCEPTED, DUPLICATE } from '../core/outcome.ts';

type Change = [key: string, value: true | null];

export interface CopiedOrigins {
  /** Told of the outcomes of a batch of the partition. */
  note(batch: { readonly firstOffset: number; readonly count: number }, outcomes: Uint8Array): void;
  /** Whether the partition has accepted this offset, or found it a duplicate, since it is known to have a copy. */
  isSettled(offset: number): boolean;
  /** Its copy was judged, and that verdict is kept. */
  judged(offset: number): void;
  /** What to write since the last call, by offset; null deletes. */
  takeChanges(): Change[];
  restore(offset: number): void;
}

/** `copied`: offsets of the partition, not read yet, whose copies are on the replay topic. */
export function createCopiedOrigins(copied: readonly number[]): CopiedOrigins {
  const awaited = [...new Set(copied)].sort((a, b) => a - b);
  let next = 0;
  const settled = new Set<number>();
  const changes = new Map<string, true | null>();

  return {
    note({ firstOffset, count }, outcomes) {
      // Both are in the order of offsets.
      for (; next < awaited.length && awaited[next]! < firstOffset + count; next++) {
        const offset = awaited[next]!;
        const outcome = outcomes[offset - firstOffset];
        if (outcome !== ACCEPTED && outcome !== DUPLICATE) continue;
        settled.add(offset);
        changes.set(`${offset}`, true);
      }
    },
    isSettled: (offset) => settled.has(offset),
    judged(offset) {
      if (settled.delete(offset)) changes.set(`${offset}`, null);
    },
    takeChanges() {
      const taken = [...changes];
      changes.clear();
      return taken;
    },
    restore: (offset) => void settled.add(offset),
  };
}
