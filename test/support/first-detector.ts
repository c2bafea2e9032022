/** A detector for tests of what becomes of verdicts. */
import { z } from 'zod';
import type { Detector, DetectorKind, Direction, Grounds, SeriesInput, Verdict } from '../../src/detectors/detector.ts';

/** A detector as small as one can be that has all a large one has: expects the first window's value for ever after. */
interface First {
  value: number;
  on: Direction | undefined;
}

function judge({ value }: First, { state, observation }: SeriesInput<First>): Verdict | undefined {
  const { startMs } = observation;
  const observed = observation.parts?.amount ?? 0;
  const ratio = observed / value;
  const direction = ratio > 1.6 ? 'up' : ratio < 0.6 ? 'down' : undefined;
  const said = direction ?? state?.on;
  if (!said) return undefined;
  const grounds: Grounds = {
    logEvidence: 20,
    logThreshold: 10,
    oneIn: 4.9e8,
    sinceMs: startMs,
    observed,
    expected: value,
    expectedRange: [value * 0.8, value * 1.2],
    ratio,
    ratioRange: [ratio * 0.9, ratio * 1.1],
    baselineAgeMs: 3_600_000,
    contributors: [],
  };
  const common = { direction: said, observed, expected: value, threshold: value, baselineWindows: 60 } as const;
  return direction ? { ...common, status: 'firing', grounds } : { ...common, status: 'clear' };
}

export const first: DetectorKind<z.ZodObject> = {
  name: 'first',
  description: 'For tests.',
  config: z.strictObject({}),
  tests: () => 2,
  create: (): Detector => ({
    stateVersion: 1,
    seesAbsent: true,
    forgetAfterMs: 86_400_000,
    stateForm: {
      encode: ({ value, on }: First) => Buffer.from(`${value};${on ?? ''}`),
      decode: (bytes) => fromText(new TextDecoder().decode(bytes)),
    },
    observeWindow: (inputs: readonly SeriesInput<First>[]) => ({
      steps: inputs.map((input) => {
        const state = input.state ?? { value: input.observation.parts?.amount ?? 0, on: undefined };
        const verdict = judge(state, input);
        state.on = verdict?.status === 'firing' ? verdict.direction : undefined;
        return { state, verdicts: verdict ? [verdict] : [] };
      }),
    }),
    look: (inputs: readonly SeriesInput<First>[]) =>
      inputs.map((input) => {
        const verdict = judge(input.state!, input);
        return verdict?.status === 'firing' && verdict.direction === 'up' ? [verdict] : [];
      }),
  }),
};

function fromText(text: string): First {
  const [value, on = ''] = text.split(';');
  return { value: Number(value), on: on === 'up' || on === 'down' ? on : undefined };
}
