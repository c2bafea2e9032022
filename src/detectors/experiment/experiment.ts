/** Rings when a variant is better or worse than the control beyond the permitted error: once, whenever that is. */
import { labelsKey } from '../../core/labels.ts';
import type { Detector, DetectorContext, DetectorKind, Direction, Grounds, Observation, SeriesInput, Step, Verdict } from '../detector.ts';
import { refuse, refuseHopping } from '../sequential/promise.ts';
import { gammaRange, oneIn } from '../sequential/ranges.ts';
import { compareRates, type Comparison, type Tally } from './comparison.ts';
import { experimentConfig, type ExperimentConfig } from './config.ts';
import { NO_PAIR, NO_TALLY, withWindow, type Paired } from './pairs.ts';
import { dealOut } from './shares.ts';

/** A decision stands for so long after the last window in which both variants were seen. */
const FORGET_AFTER_MS = 30 * 86_400_000;
/** A value without attempts for this long gives its share of the error back. */
const RUNS_FOR_MS = 86_400_000;

interface ExperimentState {
  readonly pair: Paired;
  readonly first: number;
  /** End of the last window in which it had attempts, epoch ms. */
  readonly seen: number;
  /** Of the permitted error; 0: there was none left for it. */
  readonly share: number;
  /** What has been told. */
  readonly decided?: Direction;
}

function createExperiment(config: ExperimentConfig, context: DetectorContext): Detector {
  const { measure, groupings, currency } = context;
  if (measure.kind !== 'ratio')
    refuse(context, `the detector experiment for a measure of kind ${measure.kind}`, 'a ratio: [successes, attempts]');
  refuseHopping(context, 'experiment');
  if (groupings?.some((dimensions) => dimensions.includes(config.of)) === false) {
    refuse(context, `of: ${config.of}, which is no dimension of the series that it watches`, 'one of their dimensions');
  }
  if (currency !== undefined) {
    refuse(context, `the detector experiment for a ratio in ${currency}`, 'a ratio of counts: it compares how often, not how much');
  }
  const { scale } = measure;
  const comparisons = config.variants - 1;

  function observe({ state, observation }: SeriesInput<ExperimentState>, control: Observation, share: number): Step<ExperimentState> {
    const { startMs, endMs } = observation;
    const now = { own: tallyOf(observation), control: tallyOf(control) };
    const before = state?.pair ?? NO_PAIR;
    const pair = withWindow(before, now, observation);
    if (pair === before && (!state || share === state.share)) return { state, verdicts: [] };
    const { first = startMs, seen = startMs - RUNS_FOR_MS, ...known } = state ?? {};
    const next: ExperimentState = { ...known, first, seen: now.own.attempts > 0 ? endMs : seen, pair, share };
    if (pair.windows === before.windows) return { state: next, verdicts: [] };
    if (next.decided) return { state: next, verdicts: [{ ...verdictOf(next, next.decided), isStanding: true }] };
    const alpha = config.error * share;
    const found = alpha > 0 ? compareRates(pair.own, pair.control, alpha) : undefined;
    if (!found || (found.range[0] <= 1 && found.range[1] >= 1)) return { state: next, verdicts: [] };
    const decided = found.ratio < 1 ? 'down' : 'up';
    return { state: { ...next, decided }, verdicts: [{ ...verdictOf(next, decided), grounds: groundsOf(next, found, alpha, endMs) }] };
  }

  function verdictOf({ pair }: ExperimentState, direction: Direction): Verdict {
    const { own, control, windows } = pair;
    const expected = rate(control) * scale;
    return { direction, status: 'firing', observed: rate(own) * scale, expected, threshold: expected, baselineWindows: windows };
  }

  function groundsOf({ pair, first }: ExperimentState, found: Comparison, alpha: number, untilMs: number): Grounds {
    const { own, control } = pair;
    const { ratio, range, logEvidence } = found;
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

  /** The values that one control is compared with, in one window. */
  function compare(inputs: readonly SeriesInput<ExperimentState>[]): Map<SeriesInput<unknown>, Step<unknown>> {
    const control = inputs.find(({ observation }) => observation.labels[config.of] === config.control)?.observation;
    const others = inputs.filter(({ observation }) => observation !== control);
    const running = others.filter((input) => runs(input.state, input.observation) || tallyOf(input.observation).attempts > 0);
    const held = running.map(({ state, observation }) => (state && runs(state, observation) ? state.share : 0));
    const shares = new Map(dealOut(held, comparisons).map((share, index) => [running[index], share]));
    return new Map(
      others.map((input) => [input, control ? observe(input, control, shares.get(input) ?? 0) : { state: input.state, verdicts: [] }]),
    );
  }

  return {
    stateVersion: 2,
    stateSettings: JSON.stringify([config.of, config.control]),
    seesAbsent: true,
    forgetAfterMs: FORGET_AFTER_MS,
    observeWindow(inputs) {
      const compared = inputs.filter(({ observation }) => observation.labels[config.of] !== undefined);
      const experiments = Map.groupBy(compared as SeriesInput<ExperimentState>[], ({ observation }) => restOf(observation, config.of));
      const steps = new Map([...experiments.values()].flatMap((experiment) => [...compare(experiment)]));
      return { steps: inputs.map((input) => steps.get(input) ?? { state: undefined, verdicts: [] }) };
    },
  };
}

function runs(state: ExperimentState | undefined, { startMs }: Observation): boolean {
  return state !== undefined && state.seen > startMs - RUNS_FOR_MS;
}

function restOf({ labels }: Observation, dimension: string): string {
  const { [dimension]: _, ...rest } = labels;
  return labelsKey(rest);
}

function tallyOf({ parts }: Observation): Tally {
  return parts ? { successes: Math.max(0, parts.amount), attempts: Math.max(0, parts.exposure) } : NO_TALLY;
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
