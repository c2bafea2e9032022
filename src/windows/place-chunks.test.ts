import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPlaceChunks } from './place-chunks.ts';
import { QUARTERS_KEPT } from './places.ts';

/** As a log has it: the keys in the order of their texts. */
function stored() {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()].sort(),
    write(changes: readonly (readonly [string, unknown])[]): void {
      for (const [key, value] of changes) {
        if (value === null) values.delete(key);
        else values.set(key, value);
      }
    },
    entries: () => [...values].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

test('who came comes back with the last quarter, through any number of commits and lives', () => {
  const log = stored();
  let chunks = createPlaceChunks();
  const segments = Array.from({ length: 700 }, (_, i) => `["s${i}"]`);
  for (let from = 0; from < 700; from += 70) {
    log.write(chunks.take([{ quarter: 99, segments: segments.slice(from, from + 70) }]));
    chunks = createPlaceChunks();
    chunks.restore(log.entries());
  }
  log.write(chunks.take([{ quarter: 100, segments: segments.slice(0, 300) }]));
  assert.deepEqual(log.keys(), ['place/100/0', 'place/100/1', 'place/99/0', 'place/99/1', 'place/99/2']);
  const found = createPlaceChunks().restore(log.entries());
  assert.deepEqual([found.size, found.get('["s299"]'), found.get('["s300"]')], [700, 100, 99]);
});

test('a quarter that is over goes whole, when anybody has come in a later one', () => {
  const log = stored();
  const chunks = createPlaceChunks();
  log.write(chunks.take([{ quarter: 1, segments: Array.from({ length: 600 }, (_, i) => `${i}`) }]));
  log.write(chunks.take([{ quarter: 1 + QUARTERS_KEPT, segments: ['a'] }]));
  assert.equal(log.keys().length, 4);
  log.write(chunks.take([]));
  assert.equal(log.keys().length, 4);
  log.write(chunks.take([{ quarter: 2 + QUARTERS_KEPT, segments: ['a'] }]));
  assert.deepEqual(log.keys(), ['place/5/0', 'place/6/0']);
});
