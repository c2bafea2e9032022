/**
 * Does evidence about money keep the budget where money is not what it takes it for? Sums of gamma, lognormal, mostly-nothing,
 * and normal (refunds) amounts, unchanged for days: any alarm is false. Prints alarms beside what the budget allows.
 */
import { createRandom } from '../../src/core/random.ts';
import type { Random } from '../../src/core/random.ts';
import { createEvidenceRows } from '../../src/detectors/evidence/rows.ts';

const DAY = 1_440;
const DAYS = 4;
const BUDGET_PER_DAY = 10;
const SEEDS = [161, 162];
/** Payments a minute, each in as many series. */
const VOLUMES = [2, 10, 40];
const SERIES_EACH = 15;

/** One payment, 1 on average. */
const KINDS: Readonly<Record<string, (random: Random) => number>> = {
  'gamma (exponential)': (random) => -Math.log(1 - random.unit()),
  'lognormal, log sd 1.0': (random) => Math.exp(random.normal() - 0.5),
  'lognormal, log sd 1.6': (random) => Math.exp(1.6 * random.normal() - 1.28),
  'lognormal, log sd 2.0': (random) => Math.exp(2 * random.normal() - 2),
  '90 % nothing, else lognormal': mostlyNothing(0.9),
  '95 % nothing, else lognormal': mostlyNothing(0.95),
  '99 % nothing, else lognormal': mostlyNothing(0.99),
  '99.9 % nothing, else lognormal': mostlyNothing(0.999),
  'normal, sd 0.5': (random) => 1 + 0.5 * random.normal(),
  'normal, sd 1.5 (a quarter are refunds)': (random) => 1 + 1.5 * random.normal(),
};

for (const [name, payment] of Object.entries(KINDS)) {
  const [perPayment, sums] = [true, false].map((hasExposure) => alarms(payment, hasExposure));
  const allowed = BUDGET_PER_DAY * DAYS * SEEDS.length;
  console.log(`${name.padEnd(40)} money per payment: ${perPayment}; sums of money: ${sums}; allowed: ${allowed} each`);
}

function mostlyNothing(share: number): (random: Random) => number {
  return (random) => (random.unit() < share ? 0 : Math.exp(random.normal() - 0.5) / (1 - share));
}

/** Over all seeds. */
function alarms(payment: (random: Random) => number, hasExposure: boolean): string {
  const count = { down: 0, up: 0 };
  for (const seed of SEEDS) run(payment, hasExposure, seed, count);
  return `${count.down} drops, ${count.up} rises`;
}

function run(payment: (random: Random) => number, hasExposure: boolean, seed: number, count: { down: number; up: number }): void {
  const series = VOLUMES.length * SERIES_EACH;
  const share = { windowMs: 60_000, series, falseAlarmsPerDay: BUDGET_PER_DAY, tests: 2 };
  const rows = createEvidenceRows({ ...share, adds: 'amounts', hasExposure, down: 0.5, up: 1 });
  const randoms = Array.from({ length: series }, (_, index) => createRandom(index, seed));
  const on: ('down' | 'up' | undefined)[] = Array.from({ length: series });
  for (let minute = 0; minute < DAYS * DAY; minute++) {
    const rhythm = 1 + 0.3 * Math.sin((2 * Math.PI * minute) / DAY);
    for (let index = 0; index < series; index++) {
      const random = randoms[index]!;
      const payments = random.poisson(VOLUMES[index % VOLUMES.length]! * rhythm);
      let sum = 0;
      for (let i = 0; i < payments; i++) sum += payment(random);
      const direction = rows.observe(index, minute, sum, hasExposure ? payments : 1, payments);
      if (direction !== undefined && direction !== on[index]) count[direction]++;
      on[index] = direction;
    }
  }
}
