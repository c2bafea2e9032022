/** One user who clicks a hundred times in a second: a rule over the heavy hitters of a window, whose keys stand in the alert. */
import { perSeries } from '../detector.ts';
import type { Detector, DetectorContext, DetectorKind, Observation, Step } from '../detector.ts';
import { refuse } from '../sequential/promise.ts';
import { frequencyConfig, type FrequencyConfig } from './config.ts';

/** A series without events is without heavy hitters; after an hour of it its alert ends. */
const FORGET_AFTER_MS = 3_600_000;

function createFrequency(config: FrequencyConfig, context: DetectorContext): Detector {
  const { measure } = context;
  if (measure.kind !== 'heavy_hitters') {
    refuse(
      context,
      `the detector frequency for a measure of kind ${measure.kind}`,
      'a measure such as top_users: { heavy_hitters: user_id }',
    );
  }

  function observe(_: undefined, { value, keys = [], absent }: Observation): Step<undefined> {
    if (value === null && !absent) return { state: undefined, verdicts: [] };
    const observed = value ?? 0;
    const named = keys.filter(({ least }) => least > config.more_than).slice(0, config.name);
    const isFiring = observed > config.more_than;
    return {
      state: undefined,
      verdicts: [
        {
          direction: 'up',
          status: isFiring ? 'firing' : 'clear',
          observed,
          expected: config.more_than,
          threshold: config.more_than,
          baselineWindows: null,
          ...(isFiring && { keys: named }),
        },
      ],
    };
  }

  return perSeries({ stateVersion: 1, seesAbsent: true, forgetAfterMs: FORGET_AFTER_MS }, observe);
}

export const frequency: DetectorKind<typeof frequencyConfig> = {
  name: 'frequency',
  description: 'Rings when one key (a user, an address) comes too often in a window, and names it; for heavy-hitter measures.',
  config: frequencyConfig,
  learns: false,
  create: createFrequency,
};
