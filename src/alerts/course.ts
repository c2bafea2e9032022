/** What an episode has been like so far: a reminder tells of all of it, where the bell told of the span that rang. */
import type { Grounds, Verdict } from '../detectors/detector.ts';
import type { AlertState, Course, WindowTime } from './state-machine.ts';

/** Of what the span that rang expected. From one window to the next the day goes down a little. */
const AS_MUCH = 0.9;

/** Undefined where nothing is weighed, or the detector's own grounds go on with the episode: what it adds up need not be windows. */
export function courseOf(state: AlertState | undefined, verdict: Verdict, at: WindowTime, weight: number): Course | undefined {
  const { grounds } = verdict;
  if (!grounds || grounds.untilMs !== undefined) return undefined;
  return withWindow(state?.status === 'firing' ? state.course : undefined, { ...verdict, grounds }, at, weight);
}

/** One window on. A look's window comes again when it is final, and counts as it is then; windows that a silence was told beyond are in it. */
function withWindow(
  before: Course | undefined,
  { observed, expected, grounds }: Pick<Verdict, 'observed' | 'expected'> & { readonly grounds: Grounds },
  { startMs, endMs }: WindowTime,
  weight: number,
): Course {
  const isFirst = before === undefined || (startMs === before.fromMs && endMs === before.untilMs);
  if (!isFirst && endMs <= before.untilMs) return before;
  const past: Course = isFirst
    ? { fromMs: startMs, untilMs: startMs, observed: 0, expected: 0, weight: 0, span: expectedInSpan(grounds, { startMs, endMs }, weight) }
    : before;
  const { span } = past;
  const newest = past.newest && !isNewestWhole(past) ? past.newest : { observed: 0, expected: 0 };
  return {
    fromMs: past.fromMs,
    untilMs: endMs,
    observed: past.observed + observed * weight,
    expected: past.expected + expected * weight,
    weight: past.weight + weight,
    ...(span !== undefined && {
      span,
      newest: { observed: newest.observed + observed * weight, expected: newest.expected + expected * weight },
    }),
  };
}

/** Its newest windows expect about what the span that rang did; the next window begins anew. */
export function isNewestWhole({ newest, span = 0 }: Course): boolean {
  return newest !== undefined && span > 0 && newest.expected >= AS_MUCH * span;
}

/** The span that rang ends with the episode's first window; its windows weigh what that one does. */
function expectedInSpan({ sinceMs, expected }: Grounds, { startMs, endMs }: WindowTime, weight: number): number {
  return Math.max(1, (endMs - sinceMs) / (endMs - startMs)) * expected * weight;
}

/** Its means; undefined where none of its windows weighs anything. */
export function meansOf({ observed, expected, weight }: Course): { readonly observed: number; readonly expected: number } | undefined {
  return weight > 0 ? { observed: observed / weight, expected: expected / weight } : undefined;
}
