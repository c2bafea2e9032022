import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { dealOut } from './shares.ts';

test('as many as `variants` says share the error alike; more that come together have equal parts of it; later ones have none', () => {
  assert.deepEqual(dealOut([0], 1), [1]);
  assert.deepEqual(dealOut([0, 0], 4), [0.25, 0.25]);
  assert.deepEqual(dealOut([0.25, 0.25, 0], 4), [0.25, 0.25, 0.25]);
  assert.deepEqual(dealOut([0, 0, 0], 1), [1 / 3, 1 / 3, 1 / 3]);
  assert.deepEqual(dealOut([1, 0, 0], 1), [1, 0, 0]);
  assert.deepEqual(dealOut([1, 0, 0], 4), [0.25, 0.25, 0.25], '`variants` was raised');
});

test('whoever comes and goes, all together never have more than the whole error, and no share grows', () => {
  const comings = fc.array(fc.array(fc.nat({ max: 6 }), { maxLength: 4 }), { maxLength: 20 });
  fc.assert(
    fc.property(comings, fc.integer({ min: 1, max: 5 }), (rounds, comparisons) => {
      const held = new Map<number, number>();
      for (const round of rounds) {
        for (const one of round) held.set(one, held.get(one) ?? 0);
        const before = [...held.values()];
        const after = dealOut(before, comparisons);
        assert.ok(after.reduce((sum, share) => sum + share, 0) <= 1 + 1e-9);
        after.forEach((share, index) => assert.ok(before[index] === 0 || share <= before[index]!));
        [...held.keys()].forEach((one, index) => held.set(one, after[index]!));
      }
    }),
  );
});
