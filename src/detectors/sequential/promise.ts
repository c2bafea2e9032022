/** What a series' test has to reach so that all tests together keep to the false-alarm budget, and what they cannot judge. */
import { AppError } from '../../core/errors.ts';
import type { DetectorContext } from '../detector.ts';

const DAY_MS = 86_400_000;
/** However large the budget is: data twice as likely under a change as without one are no evidence yet. */
const LOG_THRESHOLD_MIN = Math.log(20);

/**
 * Natural logarithm of the e-value at which a test rings. A Shiryaev-Roberts sum grows by at most 1 a step in the mean while
 * nothing has changed, so it takes A steps in the mean to reach A: A is the number of steps in which this test may ring once.
 * `series`: how many share this test's part of the budget. `stepMs`: event time from one look at the sum to the next.
 */
export function logThresholdOf({ budget }: DetectorContext, series: number, stepMs: number): number {
  const { falseAlarmsPerDay, tests } = budget ?? { falseAlarmsPerDay: 1, tests: 1 };
  const stepsPerFalseAlarm = (Math.max(1, series) * Math.max(1, tests) * (DAY_MS / stepMs)) / falseAlarmsPerDay;
  return Math.max(LOG_THRESHOLD_MIN, Math.log(stepsPerFalseAlarm));
}

/** @throws AppError `config_invalid`, always */
export function refuse({ measure }: Pick<DetectorContext, 'measure'>, found: string, expected: string): never {
  throw new AppError('config_invalid', `detect: ${measure.name}: found ${found}. Expected ${expected}`);
}

/** @throws AppError `config_invalid` for windows that share events: those would count twice as evidence */
export function refuseHopping(context: DetectorContext, detector: string): void {
  const { window } = context;
  if (window.sizeMs === window.slideMs) return;
  refuse(context, `the hopping window ${window.name}; ${detector} needs windows that share no event`, 'a tumbling one');
}
