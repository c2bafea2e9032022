/** What an episode has been like so far: a reminder tells of all of it, where the bell told of the span that rang. */
import type { Verdict } from '../detectors/detector.ts';
import type { AlertState, Course, WindowTime } from './state-machine.ts';

/** Undefined where nothing is weighed, or the detector's own grounds go on with the episode: what it adds up need not be windows. */
export function courseOf(state: AlertState | undefined, verdict: Verdict, at: WindowTime, weight: number): Course | undefined {
  if (!verdict.grounds || verdict.grounds.untilMs !== undefined) return undefined;
  return withWindow(state?.status === 'firing' ? state.course : undefined, verdict, at, weight);
}

/** One window on. A look's window comes again when it is final, and counts as it is then; windows that a silence was told beyond are in it. */
function withWindow(
  before: Course | undefined,
  { observed, expected }: Pick<Verdict, 'observed' | 'expected'>,
  { startMs, endMs }: WindowTime,
  weight: number,
): Course {
  const isFirst = before === undefined || (startMs === before.fromMs && endMs === before.untilMs);
  if (!isFirst && endMs <= before.untilMs) return before;
  const past = isFirst ? { fromMs: startMs, observed: 0, expected: 0, weight: 0 } : before;
  return {
    fromMs: past.fromMs,
    untilMs: endMs,
    observed: past.observed + observed * weight,
    expected: past.expected + expected * weight,
    weight: past.weight + weight,
  };
}

/** Its means; undefined where none of its windows weighs anything. */
export function meansOf({ observed, expected, weight }: Course): { readonly observed: number; readonly expected: number } | undefined {
  return weight > 0 ? { observed: observed / weight, expected: expected / weight } : undefined;
}
