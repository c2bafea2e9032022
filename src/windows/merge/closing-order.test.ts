import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { closingOrder } from './closing-order.ts';

const tumbling = (sizeMs: number) => ({ name: `${sizeMs}`, sizeMs, slideMs: sizeMs });

test('empty windows between windows with events are told, in the order of their ends', () => {
  const order = closingOrder([tumbling(10), tumbling(20)]);
  assert.deepEqual(order.advance([{ window: 0, start: 0 }], 10), [{ window: 0, start: 0 }]);
  assert.deepEqual(
    order.advance(
      [
        { window: 0, start: 30 },
        { window: 1, start: 0 },
        { window: 1, start: 20 },
      ],
      40,
    ),
    [
      { window: 0, start: 10 },
      { window: 1, start: 0 },
      { window: 0, start: 20 },
      { window: 0, start: 30 },
      { window: 1, start: 20 },
    ],
  );
});

test('after sixty empty windows a silence is silent', () => {
  const order = closingOrder([tumbling(10)]);
  order.advance([{ window: 0, start: 0 }], 10);
  assert.equal(order.advance([], 1e12).length, 60);
  assert.equal(order.advance([], 2e12).length, 0);
  assert.deepEqual(order.advance([{ window: 0, start: 3e12 }], 3e12 + 10), [{ window: 0, start: 3e12 }]);
});

test('how often the frontier is looked at makes no difference', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat({ max: 200 }), { maxLength: 12 }),
      fc.array(fc.nat({ max: 2_100 }), { maxLength: 12 }),
      (filled, looks) => {
        const starts = filled.map((n) => n * 10).sort((a, b) => a - b);
        const told = (frontiers: number[]): unknown[] => {
          const order = closingOrder([tumbling(10)]);
          const done = new Set<number>();
          return frontiers
            .sort((a, b) => a - b)
            .flatMap((frontier) => {
              const now = starts.filter((start) => start + 10 <= frontier && !done.has(start));
              for (const start of now) done.add(start);
              return order.advance(
                now.map((start) => ({ window: 0, start })),
                frontier,
              );
            });
        };
        assert.deepEqual(told([...looks, 2_100]), told([2_100]));
      },
    ),
  );
});
