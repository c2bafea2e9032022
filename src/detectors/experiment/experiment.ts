/** Rings when a variant is better or worse than the control beyond the permitted error: once, whenever that is. */
import { labelsKey } from '../../core/labels.ts';
import type { Detector, DetectorContext, DetectorKind, Grounds, Observation, SeriesInput, Step, Verdict } from '../detector.ts';
import { refuse, refuseHopping } from '../sequential/promise.ts';
import { gammaRange, oneIn } from '../sequential/ranges.ts';
import { compareRates, type Comparison, type Tally } from './comparison.ts';
import { experimentConfig, type ExperimentConfig } from './config.ts';

/** A decision stands for so long after the last window in which both variants were seen. */
const FORGET_AFTER_MS = 30 * 86_400_000;

/** Of windows in which both had attempts: what only one of them lived through is no comparison. */
interface ExperimentState {
  readonly own: Tally;
  readonly control: Tally;
  readonly first: number;
  readonly windows: number;
  /** It has been told. */
  readonly isDecided?: true;
}

const NONE: Tally = { successes: 0, attempts: 0 };

function createExperiment(config: ExperimentConfig, context: DetectorContext): Detector {
  const { measure, groupings } = context;
  if (measure.kind !== 'ratio')
    refuse(context, `the detector experiment for a measure of kind ${measure.kind}`, 'a ratio: [successes, attempts]');
  refuseHopping(context, 'experiment');
  if (groupings?.some((dimensions) => dimensions.includes(config.of)) === false) {
    refuse(context, `of: ${config.of}, which is no dimension of the series that it watches`, 'one of their dimensions');
  }
  const { scale } = measure;
  const alpha = config.error / (config.variants - 1);

  function observe({ state, observation }: SeriesInput<ExperimentState>, control: Observation | undefined): Step<ExperimentState> {
    const { startMs, endMs } = observation;
    const [now, then] = [tallyOf(observation), control && tallyOf(control)];
    if (!then || now.attempts <= 0 || then.attempts <= 0) return { state, verdicts: [] };
    const next: ExperimentState = {
      ...(state ?? { first: startMs }),
      own: sum(state?.own, now),
      control: sum(state?.control, then),
      windows: (state?.windows ?? 0) + 1,
    };
    if (state?.isDecided) return { state: next, verdicts: [] };
    const found = compareRates(next.own, next.control, alpha);
    if (!found || (found.range[0] <= 1 && found.range[1] >= 1)) return { state: next, verdicts: [] };
    return { state: { ...next, isDecided: true }, verdicts: [verdictOf(next, found, endMs)] };
  }

  function verdictOf(state: ExperimentState, found: Comparison, endMs: number): Verdict {
    const { own, control } = state;
    const expected = rate(control) * scale;
    return {
      direction: found.ratio < 1 ? 'down' : 'up',
      status: 'firing',
      observed: rate(own) * scale,
      expected,
      threshold: expected,
      baselineWindows: state.windows,
      grounds: groundsOf(state, found, endMs),
    };
  }

  function groundsOf({ own, control, first }: ExperimentState, { ratio, range, logEvidence }: Comparison, untilMs: number): Grounds {
    const mean = rate(control) * own.attempts;
    // Of the variant, if its rate were the control's: both were counted.
    const [low, high] = gammaRange(mean, mean + mean ** 2 / Math.max(1, control.successes));
    return {
      logEvidence,
      logThreshold: -Math.log(alpha),
      oneIn: oneIn(logEvidence),
      sinceMs: first,
      untilMs,
      observed: rate(own) * scale,
      expected: rate(control) * scale,
      expectedRange: [(low / own.attempts) * scale, (high / own.attempts) * scale],
      ratio: finite(ratio),
      ratioRange: [range[0], finite(range[1])],
      permittedError: config.error,
      baselineAgeMs: untilMs - first,
      contributors: [],
    };
  }

  return {
    stateVersion: 1,
    stateSettings: JSON.stringify([config.of, config.control]),
    seesAbsent: false,
    forgetAfterMs: FORGET_AFTER_MS,
    observeWindow(inputs) {
      const controls = new Map<string, Observation>();
      for (const { observation } of inputs) {
        if (observation.labels[config.of] === config.control) controls.set(restOf(observation, config.of), observation);
      }
      return {
        steps: inputs.map((input): Step<unknown> => {
          const variant = input.observation.labels[config.of];
          if (variant === undefined || variant === config.control) return { state: undefined, verdicts: [] };
          return observe(input as SeriesInput<ExperimentState>, controls.get(restOf(input.observation, config.of)));
        }),
      };
    },
  };
}

function restOf({ labels }: Observation, dimension: string): string {
  const { [dimension]: _, ...rest } = labels;
  return labelsKey(rest);
}

function tallyOf({ parts }: Observation): Tally {
  return parts ? { successes: Math.max(0, parts.amount), attempts: Math.max(0, parts.exposure) } : NONE;
}

function sum(a: Tally = NONE, b: Tally): Tally {
  return { successes: a.successes + b.successes, attempts: a.attempts + b.attempts };
}

function rate({ successes, attempts }: Tally): number {
  return attempts > 0 ? successes / attempts : 0;
}

/** JSON has no infinity: a control without a success. */
function finite(value: number): number {
  return Math.min(value, 1e9);
}

export const experiment: DetectorKind<typeof experimentConfig> = {
  name: 'experiment',
  description: 'Compares the variants of an experiment with its control, and rings when a difference is decided, however often one looks.',
  config: experimentConfig,
  learns: false,
  create: createExperiment,
};
