/** What a detector says of a series whose state has taken in the window at hand. */
import type { Contributor, Direction, Grounds, Verdict } from '../detector.ts';
import { isReady } from './baseline.ts';
import { At, Status } from './layout.ts';
import type { Model } from './model.ts';

/** Of a normal variable, 95 % lie within so many standard deviations. */
const WITHIN_95 = 1.96;
const ONE_IN_MAX = 1e300;
/** Where so many events are expected, none comes in one case of 40. */
const MOST_FOR_NONE = Math.log(40);

/** The window at hand of one series, unscaled. */
export interface Seen {
  readonly startMs: number;
  readonly amount: number;
  readonly exposure: number;
  /** Of the amount. */
  readonly expected: number;
  /** From a rate per exposure, or from what members add up to, to the measure's own unit. */
  readonly scale: number;
}

/**
 * Firing for an alarm that is told, clear for every other direction; none where nothing can be judged. `isLasting`: an episode
 * ended because it lasts, and that is not said yet.
 */
export function verdictsOf(
  numbers: Float32Array,
  model: Model,
  seen: Seen,
  contributors: readonly Contributor[],
  isLasting = false,
): Verdict[] {
  if (seen.exposure <= 0 || seen.expected <= 0 || !isReady(numbers, model)) return [];
  const status = numbers[At.status]!;
  const verdicts: Verdict[] = [];
  if (model.drops.factors.length > 0) {
    const one = clearOf('down', model.smallestDrop, numbers, model, seen);
    verdicts.push(status === Status.drop ? firing(one) : isLasting ? { ...one, isLasting } : one);
  }
  if (model.rises.factors.length > 0) {
    const one = clearOf('up', model.smallestRise, numbers, model, seen);
    verdicts.push(status === Status.rise ? firing(one) : isLasting ? { ...one, isLasting } : one);
  }
  return verdicts;

  function firing(one: Verdict): Verdict {
    return { ...one, status: 'firing', grounds: groundsOf(numbers, model, seen, contributors) };
  }
}

/** Field by field: it is made twice for most series of every window. */
function clearOf(direction: Direction, smallest: number | undefined, numbers: Float32Array, model: Model, seen: Seen): Verdict {
  // A count or sum is what the window brought, whatever part of a slot that is.
  const unit = model.hasExposure ? seen.scale / seen.exposure : seen.scale;
  const expected = seen.expected * unit;
  return {
    direction,
    observed: seen.amount * unit,
    expected,
    threshold: expected * (smallest ?? 1),
    baselineWindows: numbers[At.age]! * model.grid.windowsPerSlot,
    status: 'clear',
  };
}

/** The span that rang: the grounds of an episode stay as they were when it began. */
function groundsOf(numbers: Float32Array, model: Model, seen: Seen, contributors: readonly Contributor[]): Grounds {
  const { slotMs, windowMs, windowsPerSlot } = model.grid;
  // Windows may begin at an offset: the slot begins with one of them.
  const slotStart = seen.startMs - (Math.round(seen.startMs / windowMs) % windowsPerSlot) * windowMs;
  const slots = numbers[At.rangSlots]!;
  const onSlots = numbers[At.onSlots]!;
  const observed = numbers[At.rangObserved]!;
  const expected = numbers[At.rangExpected]!;
  const deviation = Math.sqrt(numbers[At.rangVariance]! + numbers[At.rangNoise]!);
  // A count or sum is told per window; a rate per exposure, of which the window at hand knows the forecast.
  const perWindow = seen.expected / (expected / (slots * model.grid.windowsPerSlot));
  const unit =
    model.form === 'count' || !model.hasExposure
      ? seen.scale / (slots * model.grid.windowsPerSlot)
      : (seen.scale * perWindow) / (slots * model.grid.windowsPerSlot) / seen.exposure;
  const ratio = observed / expected;
  const spread = Math.exp(WITHIN_95 * Math.sqrt(Math.log1p(deviation * deviation)));
  const logEvidence = numbers[At.rangEvidence]!;
  return {
    logEvidence,
    logThreshold: numbers[At.rangThreshold]!,
    oneIn: Number(Math.min(ONE_IN_MAX, Math.exp(logEvidence)).toPrecision(2)),
    sinceMs: slotStart - (onSlots + slots - 1) * slotMs,
    observed: observed * unit,
    expected: expected * unit,
    expectedRange: [(expected * unit) / spread, expected * unit * spread],
    ratio,
    ratioRange: ratioRange(observed, expected, numbers[At.rangVariance]!, numbers[At.rangNoise]! * expected),
    baselineAgeMs: numbers[At.age]! * slotMs,
    contributors,
  };
}

/** The noise of what was observed rather than of what was expected. `size`: of an event, 1 for counts. */
function ratioRange(observed: number, expected: number, variance: number, size: number): readonly [number, number] {
  if (observed <= 0) {
    const wider = Math.exp(WITHIN_95 * Math.sqrt(variance));
    // More was paid back than came in.
    const low = observed < 0 ? (observed / expected - WITHIN_95 * Math.sqrt(size / expected)) * wider : 0;
    return [low, ((MOST_FOR_NONE * size) / expected) * wider];
  }
  const spread = Math.exp(WITHIN_95 * Math.sqrt(variance + size / Math.max(observed, size / 2)));
  return [observed / expected / spread, (Math.max(observed, size / 2) / expected) * spread];
}
