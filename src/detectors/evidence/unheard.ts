/**
 * Which of the series without a row were not heard. Where next to nothing is counted, a window without a row says that nothing came. Where
 * a window never goes without, its row was lost or its traffic paused, and of what follows late upon it nothing is known: that such events
 * are missing would be told as a drop of the rate. As far as the rate goes, such a window never was.
 */
import { usualExposure } from './arrival.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';

/** Where so much exposure is usual, none at all comes by chance in one window of 20. */
const USUAL_LEAST = 3;

interface Turn {
  readonly state: SeriesState;
  readonly observation: { readonly absent: boolean };
  readonly group: number | undefined;
  isUnheard: boolean;
}

/** Marks them, members with their roll-up. `delay`: of arrival, its index; with none nothing is late. */
export function markUnheard(turns: readonly Turn[], model: Model, delay: number): void {
  if (!isLate(model, delay)) return;
  const silent = new Map<number, number>();
  for (const { observation, group } of turns) if (observation.absent && group !== undefined) silent.set(group, 0);
  for (const turn of turns) {
    if (!turn.observation.absent || turn.group !== undefined) continue;
    const usual = usualExposure(turn.state.numbers, model, delay);
    turn.isUnheard = usual > USUAL_LEAST;
    // A roll-up may never go without a row though each of its members does.
    if (silent.size > 0) for (const group of turn.state.groups ?? []) if (silent.has(group)) silent.set(group, silent.get(group)! + usual);
  }
  if (silent.size === 0) return;
  const isSilenced = (group: number): boolean => (silent.get(group) ?? 0) > USUAL_LEAST;
  for (const turn of turns) {
    if (!turn.observation.absent) continue;
    if (turn.group === undefined ? turn.state.groups?.some(isSilenced) : isSilenced(turn.group)) turn.isUnheard = true;
  }
}

function isLate({ arrival }: Model, delay: number): boolean {
  return arrival !== undefined && delay > 0;
}
