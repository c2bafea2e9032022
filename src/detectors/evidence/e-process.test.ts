/** The promise by simulation: the evidence of data without a change has a mean that its number of starts bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { likelihoodRatio } from './scan.ts';

const settings = { windowMs: 60_000, hasExposure: true, habits: false, falseAlarmsPerDay: 1, tests: 1, drop: 0.5, rise: 2 };
const DRAWS = 40_000;

/** Marsaglia and Tsang's method, for shapes from 1. */
function gamma(shape: number, random: Random): number {
  const d = shape - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.unit()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

for (const hasExposure of [true, false]) {
  test(`a likelihood ratio of ${hasExposure ? 'rates' : 'counts'} has mean 1 at most where nothing changed and the forecast is as wrong as it says`, () => {
    const model = createModel({ ...settings, hasExposure, profile: profileOf('events', hasExposure) });
    const random = createRandom(7);
    for (const { M, T } of [
      { M: 3, T: 0.02 },
      { M: 25, T: 0.01 },
    ]) {
      for (const isDrop of [true, false]) {
        let sum = 0;
        let squares = 0;
        for (let draw = 0; draw < DRAWS; draw++) {
          const factor = isDrop && hasExposure ? gamma(1 / T, random) * T : Math.exp(Math.sqrt(T) * random.normal());
          const value = likelihoodRatio(model, isDrop, random.poisson(M * factor), M, T, 1 / M, 2);
          sum += value;
          squares += value * value;
        }
        const mean = sum / DRAWS;
        const error = Math.sqrt(squares / DRAWS / DRAWS);
        assert.ok(mean < 1 + 4 * error && mean > 0.2, `M ${M}, ${isDrop ? 'drop' : 'rise'}: mean ${mean}, standard error ${error}`);
      }
    }
  });
}

/** Events of one clump; `clump`: of how many the variance of a count tells, E(size^2)/E(size). */
const CLUMPS = [
  { name: 'five each', clump: 5, size: 5, draw: () => 5 },
  { name: 'twenty each', clump: 20, size: 20, draw: () => 20 },
  { name: 'geometric', clump: 9, size: 5, draw: (random: Random) => 1 + Math.floor(Math.log(1 - random.unit()) / Math.log(0.8)) },
  { name: 'single ones, some of fifty', clump: 25.75, size: 1.98, draw: (random: Random) => (random.below(50) === 0 ? 50 : 1) },
];

for (const { name, clump, size, draw } of CLUMPS) {
  test(`a likelihood ratio of rates whose events come in clumps (${name}) has mean 1 at most where nothing changed`, () => {
    const model = createModel({ ...settings, profile: profileOf('events', true) });
    const random = createRandom(13);
    for (const clumps of [1, 6, 30]) {
      let sum = 0;
      let squares = 0;
      for (let left = DRAWS / 4; left > 0; left--) {
        let seen = 0;
        for (let each = random.poisson(clumps); each > 0; each--) seen += draw(random);
        const value = likelihoodRatio(model, true, seen / clump, (clumps * size) / clump, 1e-3, size / clumps, 2);
        sum += value;
        squares += value * value;
      }
      const [mean, error] = [(4 * sum) / DRAWS, (4 * Math.sqrt(squares)) / DRAWS];
      assert.ok(mean < 1 + 4 * error, `${clumps} clumps: mean ${mean}, standard error ${error}`);
    }
  });
}

/** Amounts over what is expected of them, of relative variance 1/k; `skew` as of `lognormalMoney`. */
const AMOUNTS = [
  { name: 'normal', skew: 0, draw: (k: number, random: Random) => 1 + random.normal() / Math.sqrt(k) },
  { name: 'equal, each comes or does not', skew: 1, draw: (k: number, random: Random) => random.poisson(k) / k },
  { name: 'gamma', skew: 2, draw: (k: number, random: Random) => gamma(k, random) / k },
];

for (const { name, skew, draw } of AMOUNTS) {
  test(`a likelihood ratio of money (${name}) has mean 1 at most where nothing changed`, () => {
    const model = createModel({ ...settings, rise: undefined, profile: profileOf('amounts', true) });
    const random = createRandom(11);
    for (const { k, T } of [
      { k: 2, T: 0.03 },
      { k: 40, T: 0.01 },
    ]) {
      let sum = 0;
      let squares = 0;
      for (let left = DRAWS; left > 0; left--) {
        const q = draw(k, random) * Math.exp(Math.sqrt(T) * random.normal());
        const value = likelihoodRatio(model, true, q, 1, T, 1 / k, skew);
        sum += value;
        squares += value * value;
      }
      const mean = sum / DRAWS;
      assert.ok(mean < 1 + 4 * Math.sqrt(squares / DRAWS / DRAWS) && mean > 0.2, `k ${k}: mean ${mean}`);
    }
  });
}
