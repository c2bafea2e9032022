import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countDrop, lognormalMoney, lognormalPoisson, moneyDrop, moneyRise } from './log-likelihood.ts';

/** Log of the integral over u of exp(f(u)), by the trapezoidal rule on a range that holds all of it. */
function logIntegral(f: (u: number) => number, from: number, to: number, steps = 20_000): number {
  const width = (to - from) / steps;
  const values = Array.from({ length: steps + 1 }, (_, index) => f(from + index * width));
  const most = Math.max(...values);
  const sum = values.reduce((total, value, index) => total + Math.exp(value - most) * (index === 0 || index === steps ? 0.5 : 1), 0);
  return most + Math.log(sum * width);
}

const CASES = [
  { S: 3, M: 20, T: 0.01 },
  { S: 0, M: 12, T: 0.05 },
  { S: 60, M: 20, T: 0.02 },
  { S: 400, M: 1_000, T: 0.004 },
  { S: 5_000, M: 2_000, T: 0.03 },
];

test('a drop of a count is the exact ratio of gamma-mixed Poisson densities', () => {
  for (const { S, M, T } of CASES) {
    for (const theta of [0.6, 0.2]) {
      // The factor g = e^u has a gamma density of mean 1 and variance T; du carries one more g.
      const density = (mean: number) => logIntegral((u) => S * (Math.log(mean) + u) - mean * Math.exp(u) + u / T - Math.exp(u) / T, -8, 4);
      const exact = density(theta * M) - density(M);
      assert.ok(Math.abs(countDrop(S, M, T, Math.log(theta), theta) - exact) < 1e-6 * (1 + Math.abs(exact)), `${S} ${M} ${T} ${theta}`);
    }
  }
});

test("a rise of a count is within a tenth of a nat of the lognormal-mixed Poisson densities' ratio", () => {
  for (const { S, M, T } of CASES) {
    for (const theta of [1.6, 3.2]) {
      const density = (mean: number) => logIntegral((u) => S * u - M * Math.exp(u) - (u - mean) ** 2 / (2 * T), -8, 6);
      const exact = density(Math.log(theta)) - density(0);
      const ours = lognormalPoisson(S, M, T, Math.log(theta)) - lognormalPoisson(S, M, T, 0);
      assert.ok(Math.abs(ours - exact) < 0.1, `${S} ${M} ${T} ${theta}: ${ours} for ${exact}`);
    }
  }
});

test("a drop of money is within a tenth of a nat of the lognormal-mixed densities' ratio", () => {
  for (const { q, k, T } of [
    { q: 0.4, k: 5, T: 0.01 },
    { q: 0.5, k: 80, T: 0.006 },
    { q: 1.2, k: 300, T: 0.02 },
    { q: 0.05, k: 2, T: 0.05 },
  ]) {
    for (const theta of [0.6, 0.25]) {
      const fits = [
        (u: number) => k * (q * Math.exp(u) - Math.exp(2 * u) / 2),
        (u: number) => k * (q * u - Math.exp(u)),
        (u: number) => -k * u - k * q * Math.exp(-u),
      ];
      fits.forEach((fit, skew) => {
        const density = (mean: number) => logIntegral((u) => fit(u) - (u - mean) ** 2 / (2 * T), -8, 3);
        const exact = density(Math.log(theta)) - density(0);
        const ours = lognormalMoney(q, k, T, Math.log(theta), skew) - lognormalMoney(q, k, T, 0, skew);
        assert.ok(Math.abs(ours - exact) < 0.1, `${q} ${k} ${T} ${theta}, ${skew}: ${ours} for ${exact}`);
      });
    }
  }
});

test('evidence saturates: a forecast that may be wrong by 20 % is not outweighed by volume', () => {
  const far = countDrop(500_000, 1_000_000, 0.04, Math.log(0.5), 0.5);
  const near = countDrop(50_000, 100_000, 0.04, Math.log(0.5), 0.5);
  assert.ok(far < 6 && Math.abs(far - near) < 0.01, `${near} ${far}`);
});

test('money as expected speaks against a change, money at the effect for it', () => {
  for (const k of [5, 50]) {
    assert.ok(moneyDrop(1, k, Math.log(0.5), 0.5) < 0 && moneyDrop(0.5, k, Math.log(0.5), 0.5) > 0);
    assert.ok(moneyRise(1, k, Math.log(2)) < 0 && moneyRise(2, k, Math.log(2)) > 0);
  }
});
