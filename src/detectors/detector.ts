/**
 * A detector judges one measure of every series, one closed window after the other. It is a pure function of
 * (state, observations): no clock, no I/O. So the log of final windows replayed gives the same verdicts.
 */
import type { z } from 'zod';
import { atOnce, mapped, type Sliced } from '../core/slices.ts';
import type { Labels } from '../core/labels.ts';
import type { MeasureSpec, WindowSpec } from '../windows/spec.ts';

export const DIRECTIONS = ['down', 'up'] as const;
export type Direction = (typeof DIRECTIONS)[number];

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
  /** What the value is made of; undefined for measures that are no count, sum or ratio of such. */
  readonly parts?: Parts;
  /** Of a heavy-hitter measure: its keys, the largest first. */
  readonly keys?: readonly KeyCount[];
}

/**
 * The parts of a measure, unscaled. A ratio: numerator and denominator as counted, whether or not the ratio itself is
 * defined (a click may come in a window without impressions). A count or sum: its value over an exposure of 1.
 */
export interface Parts {
  readonly amount: number;
  readonly exposure: number;
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
  /** Why it fires, from detectors that weigh evidence; undefined where nothing fires. */
  readonly grounds?: Grounds;
  /** Since when what fires lasts, where that is before the window that rings first: a silence is one only when it has lasted. Epoch ms. */
  readonly lastsSince?: number;
  /** Clear, yet nothing is as it was: what rang has lasted so long that it is taken for how things are now. */
  readonly isLasting?: true;
  /** Firing as it was told, for good: it goes on without reminders, and does not ring anew where its alert has ended. */
  readonly isStanding?: true;
  /** The series itself is the news: among those beside it, its value had never been seen before. Clear: now it is one of them. */
  readonly isUnseen?: true;
  /** Keys that stand behind the value (heavy hitters), the largest first; a few. */
  readonly keys?: readonly KeyCount[];
}

/** A key of a heavy-hitter sketch: the true count is in [least, most]. */
export interface KeyCount {
  readonly key: string;
  readonly least: number;
  readonly most: number;
}

/**
 * The grounds of a verdict. The evidence is of the span of windows that spoke loudest when the episode began, ending with the
 * episode's first window, and stays as it is for as long as the episode lasts. So does all else, unless there is `untilMs`.
 */
export interface Grounds {
  /** Natural logarithm of the e-value as it was when the episode began, and what it had to reach. */
  readonly logEvidence: number;
  readonly logThreshold: number;
  /** The evidence as "1 : M" is 1 : oneIn, rounded to two digits: data this far out come by chance once in M. At most 1e300. */
  readonly oneIn: number;
  /** Start of the span, epoch ms. */
  readonly sinceMs: number;
  /** Of a detector that adds up what it sees while the episode lasts: the span goes on, and this is where it ends now, epoch ms. */
  readonly untilMs?: number;
  /** Over the span, in the measure's own unit: what was observed, what was expected, and where 95 % of honest spans lie. */
  readonly observed: number;
  readonly expected: number;
  readonly expectedRange: readonly [low: number, high: number];
  /** Observed over expected, and where the true ratio lies with 95 %. */
  readonly ratio: number;
  readonly ratioRange: readonly [low: number, high: number];
  /** The error that an experiment is permitted; undefined: the false-alarm budget stands behind the threshold. */
  readonly permittedError?: number;
  /** How long the baseline has been learning, ms. */
  readonly baselineAgeMs: number;
  /** Members of a roll-up that moved it most, by share of the deviation; empty for a full segment. */
  readonly contributors: readonly Contributor[];
}

export interface Contributor {
  readonly labels: Labels;
  /** Of the roll-up's deviation, in (0, 1]. */
  readonly share: number;
  /** Of what was expected of the roll-up, from 0 to 1. */
  readonly usual?: number;
}

/**
 * `state` is small, and undefined where nothing is to be remembered. Plain JSON, unless the detector has a `stateForm`.
 */
export interface Step<State> {
  readonly state: State | undefined;
  readonly verdicts: readonly Verdict[];
}

export interface SeriesInput<State> {
  readonly state: State | undefined;
  readonly observation: Observation;
  /** No alert of it is on: verdicts that are plainly `clear` say nothing new, and may be left out. */
  readonly isCalm?: boolean;
}

/** Steps in the order of the inputs, and what all series share (undefined: nothing; always plain JSON). */
export interface WindowSteps<State> {
  readonly steps: readonly Step<State>[];
  readonly shared?: unknown;
}

/** How state is written that is not plain JSON. */
export interface StateForm<State> {
  /** Valid until the next call, or until the state changes: who keeps them copies them. */
  encode(state: State): Uint8Array;
  /** Undefined where the bytes cannot be read, or are of a version that cannot be brought up to date. */
  decode(bytes: Uint8Array, version: number): State | undefined;
}

export interface Detector<State = unknown> {
  /** Goes up when the state's form or meaning changes; state of another version is forgotten unless `stateForm` reads it. */
  readonly stateVersion: number;
  /**
   * The settings without which the state means something else, as a short text: `7d 1h` for counts by hour of the week. State written
   * under another text is forgotten, like that of another version. Absent: state means the same under all settings.
   */
  readonly stateSettings?: string;
  /**
   * Present: the state of a series is an object that `observeWindow` changes in place and hands back. The caller gives it
   * away, keeps no older copy, and encodes it when it writes it. Absent: state is plain JSON and is never changed.
   */
  readonly stateForm?: StateForm<State>;
  /** Also observe the known series that have no row in the closed window. */
  readonly seesAbsent: boolean;
  /**
   * It may be asked about a window that the clock says is over while no window closes, because nothing comes at all: windows before it
   * that it was not told of count as empty, unless `passUnknown` has passed them. Its state is never changed in place.
   */
  readonly hearsSilence?: true;
  /**
   * The state behind the windows that begin before `unknownBefore` (epoch ms) and that it was not told of: whether anything was in them nobody
   * knows. The same where there are none. Absent: it takes nothing for granted of windows that it was not told of.
   */
  passUnknown?(state: State, unknownBefore: number): State;
  /** A series not seen for this long, event time in ms, may be forgotten, state and all. */
  readonly forgetAfterMs: number;
  /** An alert of which nothing could be judged for this long ends; what is known of the series stays. Absent: as `forgetAfterMs`. */
  readonly loseAfterMs?: number;
  /**
   * All series of one closed window at once, each with its own state, so that a detector can tell what one series did
   * from what all of them did. Called at most once a window, in the order of the windows; the series in one and the same
   * order always (by their key), so that sums come out the same to the last bit when the log is replayed.
   */
  observeWindow(inputs: readonly SeriesInput<State>[], shared: unknown): WindowSteps<State>;
  /** The same in slices, where thousands of series take long; nothing else is asked before its last one. */
  observing?(inputs: readonly SeriesInput<State>[], shared: unknown): Sliced<WindowSteps<State>>;
  /**
   * A look at the window that is still open: its values so far, of the series that changed, on top of the windows before.
   * Changes neither state nor shared nor any threshold. Verdicts are `firing` ones only, and only of what more events
   * cannot take back: rises. Drops wait for the final row, which `observeWindow` sees as if nobody had looked. What rang
   * at an earlier look at this window is not among them.
   */
  look?(inputs: readonly SeriesInput<State>[], shared: unknown, before: LooksBefore): readonly (readonly Verdict[])[];
}

/** Of the window that is looked at. */
export interface LooksBefore {
  /** Series that rang at earlier looks at it. */
  readonly rung: number;
  /** All series that are known, whether or not they have changed. */
  readonly series: number;
}

/** What a detector may know of its place in the pipeline. */
export interface DetectorContext {
  readonly measure: MeasureSpec;
  readonly window: WindowSpec;
  /** What a ratio's numerator, or the measure itself, adds up: events one by one, or amounts such as money. Default: events. */
  readonly adds?: 'events' | 'amounts';
  /** ISO 4217, where those amounts are money. */
  readonly currency?: string;
  /** Default: 1 a day, of which this entry has all. */
  readonly budget?: Budget;
  /** Dimension sets of the series it will see, the full one and the roll-ups. Default: the full one, unknown. */
  readonly groupings?: readonly (readonly string[])[];
}

/**
 * The false alarms that the user puts up with over the whole pipeline, and the detectors' tests that share them: one for
 * each entry and direction. A detector shares its part among the series it sees, as many as there are.
 */
export interface Budget {
  readonly falseAlarmsPerDay: number;
  readonly tests: number;
}

/** One folder of this room: its settings in the pipeline file, and how to make it. */
export interface DetectorKind<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** One sentence for the reference page. */
  readonly description: string;
  /** Of one measure's block in the pipeline file (strict; durations and percentages as text), to what `create` takes. */
  readonly config: Schema;
  /**
   * How many tests of the false-alarm budget these settings are: one a direction. Such a kind watches the roll-ups too where
   * the file does not say otherwise. Absent: it makes no promise, spends no budget, and watches full segments.
   */
  tests?(config: z.output<Schema>): number;
  /** Whether these settings watch a direction. Absent: its settings leave none out. */
  watches?(config: z.output<Schema>, direction: Direction): boolean;
  /** What these settings ring at, for people: `above 5%, until below 3%`. Absent: that is learnt, or takes more than a line. */
  outline?(config: z.output<Schema>): string;
  /** It judges a ratio's value itself, and asks for no more than the denominator, for a least volume. Absent: it judges what the ratio is made of. */
  readonly ofValues?: true;
  /** It has no baseline: it judges by the file, or one series by another, from the first window on. Absent: it learns. */
  readonly learns?: false;
  /** @throws AppError `config_invalid` where the settings do not suit the measure or the window */
  create(config: z.output<Schema>, context: DetectorContext): Detector;
}

/** A detector that looks at each series alone. */
export function perSeries<State>(
  settings: Pick<Detector, 'stateVersion' | 'stateSettings' | 'seesAbsent' | 'forgetAfterMs'>,
  observe: (state: State | undefined, observation: Observation) => Step<State>,
): Detector {
  function* observing(inputs: readonly SeriesInput<unknown>[]): Sliced<WindowSteps<unknown>> {
    return { steps: yield* mapped(inputs, (input) => observe(input.state as State | undefined, input.observation)) };
  }

  return {
    ...settings,
    observeWindow: (inputs) => atOnce(observing(inputs)),
    observing,
  };
}
