import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { intervalOf, isWanted } from './condition.ts';
import type { NumberRange } from './spec.ts';

test('a value is one of those wanted, of the same type, or a number within a range', () => {
  const anyOf = ['x', 7, null, { at_least: 500, below: 600 }, { above: 1e6 }];
  const wanted = ['x', 7, null, 500, 599.5, 1_000_001, Infinity];
  const others = ['7', 8, 'y', undefined, true, 499.9, 600, 1e6, '550', [550], { at_least: 500 }, NaN];
  assert.deepEqual(wanted.filter((value) => !isWanted(anyOf, value)), []); // prettier-ignore
  assert.deepEqual(others.filter((value) => isWanted(anyOf, value)), []); // prettier-ignore
});

test('the closed interval holds the same doubles as the range, at its very bounds too', () => {
  const bound = fc.option(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -3, max: 3 })), {
    nil: undefined,
  });
  fc.assert(
    fc.property(bound, bound, bound, bound, fc.double(), (above, at_least, at_most, below, other) => {
      const range = Object.fromEntries(
        Object.entries({ above, at_least, at_most, below }).filter(([, at]) => at !== undefined),
      ) as NumberRange;
      const { least, most } = intervalOf(range);
      for (const value of [other, ...(Object.values(range) as number[]), least, most, 0, -0, Number.MIN_VALUE])
        assert.equal(value >= least && value <= most, isWanted([range], value), `${JSON.stringify(range)} ${value}`);
    }),
  );
});
