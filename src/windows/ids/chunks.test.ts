import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdJournal, sizeOf, timeOf, type IdChunk } from './chunk.ts';
import { createIdChunks } from './chunks.ts';

function chunkOf(times: readonly number[]): IdChunk {
  const journal = createIdJournal(false);
  for (const time of times) journal.add(0, { low: Uint32Array.of(time % 1_000), high: Uint32Array.of(7) }, Float64Array.of(time), '');
  return journal.take()!;
}

function timesOf(chunks: readonly IdChunk[]): number[] {
  return chunks.flatMap((chunk) => Array.from({ length: sizeOf(chunk) }, (_, i) => timeOf(chunk, i)));
}

function note(stored: Map<string, unknown>, changes: readonly (readonly [string, unknown])[]): number {
  for (const [key, value] of changes) {
    if (value === null) stored.delete(key);
    else stored.set(key, value);
  }
  return changes.length;
}

function entriesOf(stored: ReadonlyMap<string, unknown>): [string, unknown][] {
  return [...stored].sort(([a], [b]) => (a < b ? -1 : 1));
}

test('a day of commits leaves few chunks, which hold every id once and in order, and writes little each time', () => {
  const stored = new Map<string, unknown>();
  const chunks = createIdChunks();
  const commits = 86_400;
  let most = 0;
  let written = 0;
  for (let commit = 0; commit < commits; commit++) {
    const changes = chunks.take(chunkOf([commit * 10, commit * 10 + 1]), () => true);
    most = Math.max(most, note(stored, changes));
    for (const [, value] of changes) written += value === null ? 0 : (value as IdChunk).words.length / 3;
  }
  assert.ok(stored.size <= 40, `${stored.size} chunks`);
  assert.ok(most <= 60, `${most} changes in a commit`);
  assert.ok(written <= commits * 2 * 7, `${written} ids were written`);
  const times = timesOf(createIdChunks().restore(entriesOf(stored)));
  assert.equal(times.length, commits * 2);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

test('what has expired goes, and a book that was restored goes on as the one before', () => {
  const stored = new Map<string, unknown>();
  let chunks = createIdChunks();
  for (let commit = 0; commit < 5_000; commit++) {
    if (commit % 701 === 700) {
      chunks = createIdChunks();
      chunks.restore(entriesOf(stored));
    }
    note(
      stored,
      chunks.take(chunkOf([commit]), (time) => time > commit - 1_000),
    );
  }
  const times = timesOf(createIdChunks().restore(entriesOf(stored)));
  assert.deepEqual(
    times.filter((time) => time >= 4_000),
    Array.from({ length: 1_000 }, (_, i) => 4_000 + i),
  );
  assert.ok(times.length < 2_000, `${times.length} ids are kept for 1,000`);
  assert.ok(stored.size < 40, `${stored.size} chunks`);
});

test('a chunk with many ids is left alone', () => {
  const chunks = createIdChunks();
  const times = Array.from({ length: 40_000 }, (_, i) => i);
  const keys = Array.from({ length: 20 }, () => chunks.take(chunkOf(times), () => true).map(([key]) => key));
  assert.equal(new Set(keys.flat()).size, 20);
});
