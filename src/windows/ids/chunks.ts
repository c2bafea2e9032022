/**
 * The chunks of ids in a partition's snapshot: every commit adds the ids that it brought, and eight small neighbours of one kind become
 * one, so that an id is written a few times and a day of commits leaves some hundred chunks. A chunk that has grown is left alone, and
 * goes when its last id is not needed any more. Chunks stand in the order of their keys, which is that of the events.
 */
import { mergeChunks, sizeOf, timeOf, type IdChunk } from './chunk.ts';

/** As written. */
type StoredChunk = IdChunk & { readonly level: number };

interface Book {
  /** Takes in the ids of a commit; what has to be written and (null) deleted since the last call. `isNeeded`: an id of this event time. */
  take(fresh: IdChunk | undefined, isNeeded: (time: number) => boolean): [key: string, value: unknown][];
  /** Takes in what was written, in the order of its keys; returns the ids, in order. */
  restore(entries: readonly (readonly [key: string, value: unknown])[]): IdChunk[];
}

interface Chunk {
  readonly sequence: number;
  readonly level: number;
  /** Epoch ms. */
  readonly newest: number;
  /** Undefined: it has grown. */
  readonly ids: IdChunk | undefined;
}

const NEIGHBOURS = 8;
/** Ids; a chunk with more is not merged again: 400 kB to 3 MB. */
const GROWN = 1 << 15;

export function createIdChunks(): Book {
  let chunks: Chunk[] = [];
  let next = 0;
  let pending = new Map<string, unknown>();

  function note(chunk: Chunk, ids: IdChunk | undefined): void {
    pending.set(keyOf(chunk.sequence), ids ? ({ ...ids, level: chunk.level } satisfies StoredChunk) : null);
  }

  function push(sequence: number, level: number, ids: IdChunk, isStored: boolean): Chunk {
    const chunk = { sequence, level, newest: newestOf(ids), ids: sizeOf(ids) < GROWN ? ids : undefined };
    chunks.push(chunk);
    if (!isStored) note(chunk, ids);
    return chunk;
  }

  function mergeLast(isNeeded: (time: number) => boolean): void {
    for (;;) {
      const last = chunks.slice(-NEIGHBOURS);
      const [first] = last;
      if (last.length < NEIGHBOURS || !first?.ids) return;
      const { level, ids } = first;
      const isLike = (chunk: Chunk) => chunk.level === level && chunk.ids && !chunk.ids.texts === !ids.texts;
      if (!last.every(isLike)) return;
      chunks.length -= NEIGHBOURS;
      for (const chunk of last) note(chunk, undefined);
      const merged = mergeChunks(
        last.map((chunk) => chunk.ids!),
        isNeeded,
      );
      if (merged) push(last.at(-1)!.sequence, level + 1, merged, false);
    }
  }

  return {
    take(fresh, isNeeded) {
      if (fresh) {
        push(next++, 0, fresh, false);
        mergeLast(isNeeded);
      }
      const kept = chunks.filter(({ newest }) => isNeeded(newest));
      if (kept.length < chunks.length) {
        for (const chunk of chunks) if (!isNeeded(chunk.newest)) note(chunk, undefined);
        chunks = kept;
      }
      const changes = [...pending];
      pending = new Map();
      return changes;
    },
    restore(entries) {
      return entries.map(([key, value]) => {
        const { level, ...ids } = value as StoredChunk;
        next = Number(key.slice(PREFIX.length)) + 1;
        push(next - 1, level, ids, true);
        return ids;
      });
    },
  };
}

export const PREFIX = 'ids/';

function keyOf(sequence: number): string {
  return `${PREFIX}${String(sequence).padStart(12, '0')}`;
}

function newestOf(ids: IdChunk): number {
  let newest = -Infinity;
  for (let i = 0; i < sizeOf(ids); i++) newest = Math.max(newest, timeOf(ids, i));
  return newest;
}
