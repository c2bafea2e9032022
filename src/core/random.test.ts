import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from './random.ts';

const take = (n: number, ...seeds: number[]) => {
  const random = createRandom(...seeds);
  return Array.from({ length: n }, () => random.uint32());
};

test('the same seeds give the same numbers, other seeds others', () => {
  assert.deepEqual(take(20, 1, 2), take(20, 1, 2));
  const firsts = new Set<number>();
  for (let a = 0; a < 50; a++) for (let b = 0; b < 50; b++) firsts.add(take(1, a, b)[0] as number);
  assert.ok(firsts.size > 2_495, `${firsts.size} different first numbers of 2500`);
});

test('mean and spread are those of the distributions', () => {
  const random = createRandom(7);
  const n = 40_000;
  const moments = (draw: () => number) => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const x = draw();
      sum += x;
      squares += x * x;
    }
    return { mean: sum / n, variance: squares / n - (sum / n) ** 2 };
  };
  const near = (got: number, expected: number, slack: number) => assert.ok(Math.abs(got - expected) < slack, `${got} for ${expected}`);
  const unit = moments(random.unit);
  near(unit.mean, 0.5, 0.01);
  near(unit.variance, 1 / 12, 0.003);
  const normal = moments(random.normal);
  near(normal.mean, 0, 0.03);
  near(normal.variance, 1, 0.04);
  for (const mean of [0.2, 3.8, 40, 200]) {
    const poisson = moments(() => random.poisson(mean));
    near(poisson.mean, mean, 0.05 * Math.sqrt(mean));
    near(poisson.variance, mean, 0.05 * mean);
  }
  assert.equal(random.poisson(0), 0);
});

test('below stays below', () => {
  const random = createRandom(3);
  const seen = new Set(Array.from({ length: 500 }, () => random.below(7)));
  assert.deepEqual(seen, new Set([0, 1, 2, 3, 4, 5, 6]));
});
