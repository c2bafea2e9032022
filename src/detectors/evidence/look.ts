/**
 * A look at the open window: a copy of the state takes in what came so far, and is judged for a rise. More events cannot take
 * a rise back: what is expected of a count is that of the whole window, and events that follow others come late, not early. Ratios of two sources,
 * which are read apart, are not looked at.
 */
import type { LooksBefore, Observation, SeriesInput, Verdict } from '../detector.ts';
import type { Field } from './field.ts';
import { At, Status, bounded, emptyState, slotOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { verdictsOf } from './verdicts.ts';

/**
 * More risers than this part of those looked at, and so many: it may be a common shift, which only the whole window tells. So it may be where
 * they come one by one, and are more than this part of all series in the end.
 */
const RISERS_SHARE = 0.2;
const RISERS_LEAST = 3;

const NOTHING: readonly Verdict[] = [];

export function createLooker(model: Model, scale: number, recall: (shared: unknown) => Field) {
  const { grid } = model;
  const copy = emptyState(model.layout);

  function lookAt(state: SeriesState, { startMs, parts }: Observation, segments: Field): readonly Verdict[] {
    const { numbers } = state;
    const window = Math.round(startMs / grid.windowMs);
    const slot = grid.slotAt(window);
    const isSameSlot = slotOf(numbers) === slot;
    const isWaiting = numbers[At.status] === Status.calm && (slotOf(numbers) < slot || (isSameSlot && grid.windowsPerSlot > 1));
    if (!parts || parts.exposure <= 0 || !isWaiting) return NOTHING;
    const amount = bounded(parts.amount);
    const exposure = bounded(parts.exposure) / (model.hasExposure ? 1 : grid.windowsPerSlot);
    if (!segments.mayRise(state, slot, amount, exposure)) return NOTHING;
    const expected = segments.look(state, copy, slot, grid.filledBy(window), amount, exposure);
    if (copy.numbers[At.status] !== Status.rise) return NOTHING;
    const seen = { startMs, amount, exposure, expected, scale };
    return verdictsOf(copy.numbers, model, seen, []).filter(({ status }) => status === 'firing');
  }

  return (inputs: readonly SeriesInput<SeriesState>[], shared: unknown, { rung, series }: LooksBefore): readonly (readonly Verdict[])[] => {
    if (model.rises.factors.length === 0) return inputs.map(() => NOTHING);
    const segments = recall(shared);
    // A roll-up's forecast needs all of its members: it waits for the final row.
    let risers = 0;
    const verdicts = inputs.map(({ state, observation }) => {
      const one = state?.groups ? lookAt(state, observation, segments) : NOTHING;
      if (one.length > 0) risers++;
      return one;
    });
    return isCommon(risers, inputs.length) || isCommon(rung + risers, series) ? inputs.map(() => NOTHING) : verdicts;
  };
}

function isCommon(risers: number, of: number): boolean {
  return risers > RISERS_LEAST && risers > RISERS_SHARE * of;
}
