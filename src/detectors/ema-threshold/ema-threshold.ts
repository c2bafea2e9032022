/**
 * The exponential moving average rule: compares with the average first, then learns, anomalies included. Simple, quick to
 * understand, and noisy where volumes are small: hence `min_volume` and `warm_up`.
 */
import { perSeries } from '../detector.ts';
import type { Detector, DetectorKind, Direction, Observation, Step, Verdict } from '../detector.ts';
import { emaThresholdConfig } from './config.ts';
import type { EmaThresholdConfig } from './config.ts';

const OLD_WEIGHT = 0.8;
const NEW_WEIGHT = 0.2;

interface EmaState {
  readonly avg: number;
  /** Windows learnt from. */
  readonly n: number;
  /** End of the last window learnt from, epoch ms. */
  readonly at: number;
}

function createEmaThreshold(config: EmaThresholdConfig): Detector {
  const limits: [Direction, factor: number][] = [];
  if (config.down !== undefined) limits.push(['down', 1 - config.down]);
  if (config.up !== undefined) limits.push(['up', 1 + config.up]);

  function judge(state: EmaState, value: number): Verdict[] {
    if (state.n < config.warm_up) return [];
    return limits.map(([direction, factor]) => {
      const threshold = factor * state.avg;
      const past = direction === 'down' ? value < threshold : value > threshold;
      // An average of 0 tells nothing: any event at all would be infinitely more than expected.
      const status = past && state.avg > 0 ? 'firing' : 'clear';
      return { direction, status, observed: value, expected: state.avg, threshold, baselineWindows: state.n };
    });
  }

  function observe(remembered: EmaState | undefined, observation: Observation): Step<EmaState> {
    const state = remembered && observation.startMs - remembered.at < config.forget_after ? remembered : undefined;
    if (observation.volume < config.min_volume) return { state, verdicts: [] };
    // + 0 makes 0 of -0 (a ratio of 0 to a negative), which JSON does not know: a state is the same after it was stored.
    const value = (observation.value ?? 0) + 0;
    const at = observation.endMs;
    if (!state) return { state: { avg: value, n: 1, at }, verdicts: [] };
    return { state: { avg: OLD_WEIGHT * state.avg + NEW_WEIGHT * value, n: state.n + 1, at }, verdicts: judge(state, value) };
  }

  return perSeries({ stateVersion: 1, seesAbsent: false, forgetAfterMs: config.forget_after }, observe);
}

export const emaThreshold: DetectorKind<typeof emaThresholdConfig> = {
  name: 'ema-threshold',
  description: 'Compares each window with an exponential moving average (0.8 old, 0.2 new) of the same series.',
  config: emaThresholdConfig,
  watches: (config, direction) => config[direction] !== undefined,
  ofValues: true,
  create: createEmaThreshold,
};
