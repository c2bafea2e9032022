/**
 * What the spreads of all series say of one of which little is known (what a spread is: `noise`). That of money per exposure has no unit. That of
 * amounts as such has: it is kept as an amount, and in units of what one event of its series brings. Those count in which the series are more
 * alike. Where some sell dear things and others cheap ones they are alike by event; where the payments are of one size, and a few or most
 * events pay, they are alike as amounts.
 */
import { At, PerEvent } from './layout.ts';
import type { Model } from './model.ts';
import { addSize, isAlikeByEvent } from './size-pool.ts';
import { SPREAD_PSEUDO_WEIGHT } from './tracked-error.ts';
import type { ErrorPool } from './tracked-error.ts';

/** Relative variance of what an exposure of 1 brings at least. */
export const SPREAD_LEAST = 0.3;
/** In windows of what is expected. */
const WINDOWS_MOST = 100;

/** `numbers`: of the series that `term` is of, with the term in it. */
export function addSpread(pool: ErrorPool, numbers: Float32Array, model: Model, term: number, weight: number): void {
  const first = numbers[At.spread]!;
  if (pool.spreadWeight === 0) {
    pool.spreadSum = SPREAD_PSEUDO_WEIGHT * first;
    pool.spreadWeight = SPREAD_PSEUDO_WEIGHT;
  }
  pool.spreadSum += term;
  pool.spreadWeight += weight;
  if (model.hasExposure) return;
  const unit = amountPerEvent(numbers, model);
  if (unit === undefined) return;
  const { spreadSum, spreadWeight } = At;
  addSize(pool.sizes, term, weight, first, unit, numbers[spreadSum]! / numbers[spreadWeight]!);
}

/** The spread of a series by that of others, 0 where there are none. Undefined: nothing tells yet what an event of it brings. */
export function spreadByOthers(pool: ErrorPool, numbers: Float32Array, model: Model): number | undefined {
  if (model.hasExposure) return Math.max(SPREAD_LEAST, meanOf(pool.spreadSum, pool.spreadWeight));
  const { sizes } = pool;
  if (!isAlikeByEvent(sizes)) return Math.max(0, meanOf(pool.spreadSum, pool.spreadWeight));
  const unit = amountPerEvent(numbers, model);
  return unit === undefined ? undefined : Math.max(0, meanOf(sizes.sum, sizes.weight)) * unit;
}

/** Of a series that has seen nothing. Of amounts as such it has to be seen first what they are. */
export function firstSpread(pool: ErrorPool, { hasExposure }: Model): number {
  return hasExposure ? Math.max(SPREAD_LEAST, meanOf(pool.spreadSum, pool.spreadWeight)) : 0;
}

const meanOf = (sum: number, weight: number): number => (weight > 0 ? sum / weight : 0);

/** What a window brought, and in how many events. Where something is expected no single amount, however absurd, is more than so many windows of it. */
export function notePerEvent(
  numbers: Float32Array,
  { form, hasExposure, layout: { perEvent } }: Model,
  amount: number,
  expected: number,
  events: number,
): void {
  if (form !== 'money' || hasExposure) return;
  const most = expected > 0 ? WINDOWS_MOST * expected : Infinity;
  numbers[perEvent + PerEvent.amount]! += Math.max(-most, Math.min(most, amount));
  numbers[perEvent + PerEvent.events]! += events;
}

export function fadePerEvent(numbers: Float32Array, { hasExposure, grid, layout: { perEvent } }: Model): void {
  if (hasExposure) return;
  const keep = 1 - grid.spreadGain;
  numbers[perEvent + PerEvent.amount]! *= keep;
  numbers[perEvent + PerEvent.events]! *= keep;
}

/** Undefined: nothing tells it yet. */
export function amountPerEvent(numbers: Float32Array, { layout: { perEvent } }: Model): number | undefined {
  const amount = numbers[perEvent + PerEvent.amount]! / numbers[perEvent + PerEvent.events]!;
  return amount > 0 && Number.isFinite(amount) ? amount : undefined;
}
