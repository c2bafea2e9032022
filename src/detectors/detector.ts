/**
 * A detector judges one measure of every series, one closed window after the other. It is a pure function of
 * (state, observations): no clock, no I/O. So the log of final windows replayed gives the same verdicts.
 */
import type { z } from 'zod';
import type { Labels } from '../core/labels.ts';
import type { MeasureSpec, WindowSpec } from '../windows/spec.ts';

export type Direction = 'down' | 'up';

/** What one series' measure was in one window. Times in epoch ms; the window is [startMs, endMs). */
export interface Observation {
  readonly startMs: number;
  readonly endMs: number;
  readonly labels: Labels;
  /** Null where the measure is undefined: a ratio over nothing, a minimum of nothing. */
  readonly value: number | null;
  /** How much stands behind the value: a ratio's denominator, else the events of the row. */
  readonly volume: number;
  /** The series is known but had no event in the window: counts and sums are 0 then, everything else null. */
  readonly absent: boolean;
}

/**
 * What a detector holds of one direction of a series after a window. `pending`: in breach, but not for long enough.
 * `clear`: judged and in order. A direction that could not be judged (too little volume, nothing learnt) has no verdict:
 * its alert stays as it is.
 */
export interface Verdict {
  readonly direction: Direction;
  readonly status: 'clear' | 'pending' | 'firing';
  readonly observed: number;
  /** The baseline's value, or the limit where the detector has no baseline. */
  readonly expected: number;
  /** The value past which the window counts against the series: on its other side, it would not have fired. */
  readonly threshold: number;
  /** Windows that the baseline has learnt from; null where there is no baseline. */
  readonly baselineWindows: number | null;
}

/** `state` is plain JSON, small, and undefined where nothing is to be remembered. */
export interface Step<State> {
  readonly state: State | undefined;
  readonly verdicts: readonly Verdict[];
}

export interface SeriesInput<State> {
  readonly state: State | undefined;
  readonly observation: Observation;
}

/** Steps in the order of the inputs, and what all series share (undefined: nothing). */
export interface WindowSteps<State> {
  readonly steps: readonly Step<State>[];
  readonly shared?: unknown;
}

export interface Detector<State = unknown> {
  /** Goes up when the state's form or meaning changes; state of another version is forgotten. */
  readonly stateVersion: number;
  /** Also observe the known series that have no row in the closed window. */
  readonly seesAbsent: boolean;
  /** A series not seen for this long, event time in ms, may be forgotten, state and all. */
  readonly forgetAfterMs: number;
  /**
   * All series of one closed window at once, each with its own state, so that a detector can tell what one series did
   * from what all of them did. Called at most once a window, in the order of the windows.
   */
  observeWindow(inputs: readonly SeriesInput<State>[], shared: unknown): WindowSteps<State>;
}

/** What a detector may know of its place in the pipeline. */
export interface DetectorContext {
  readonly measure: MeasureSpec;
  readonly window: WindowSpec;
}

/** One folder of this room: its settings in the pipeline file, and how to make it. */
export interface DetectorKind<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** One sentence for the reference page. */
  readonly description: string;
  /** Of one measure's block in the pipeline file (strict; durations and percentages as text), to what `create` takes. */
  readonly config: Schema;
  /** @throws AppError `config_invalid` where the settings do not suit the measure or the window */
  create(config: z.output<Schema>, context: DetectorContext): Detector;
}

/** A detector that looks at each series alone. */
export function perSeries<State>(
  settings: Pick<Detector, 'stateVersion' | 'seesAbsent' | 'forgetAfterMs'>,
  observe: (state: State | undefined, observation: Observation) => Step<State>,
): Detector {
  return {
    ...settings,
    observeWindow: (inputs) => ({ steps: inputs.map((input) => observe(input.state as State | undefined, input.observation)) }),
  };
}
