import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { labelsKey, type Labels } from './labels.ts';
import { createLabelsIndex } from './labels-index.ts';

const labels = fc.dictionary(fc.constantFrom('country', 'format', 'os'), fc.constantFrom('KR', 'US', ''));

test('what was added last under labels is found by them, however many others there are', () => {
  fc.assert(
    fc.property(fc.array(labels), fc.array(labels), (added, asked) => {
      const index = createLabelsIndex<number>();
      const known = new Map<string, number>();
      added.forEach((one, number) => {
        index.set(inOrder(one), number);
        known.set(labelsKey(one), number);
      });
      for (const one of [...added, ...asked]) assert.equal(index.get(inOrder(one)), known.get(labelsKey(one)));
    }),
  );
});

test('labels that are part of others, or have the same values under other names, are not those', () => {
  const index = createLabelsIndex<string>();
  index.set({ country: 'KR', format: 'banner' }, 'both');
  assert.deepEqual(
    [index.get({ country: 'KR' }), index.get({}), index.get({ format: 'KR', country: 'banner' })],
    [undefined, undefined, undefined],
  );
  assert.equal(index.get({ country: 'KR', format: 'banner' }), 'both');
});

function inOrder(one: Labels): Labels {
  return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
}
