/**
 * The life of one alert: {inactive, pending, firing, resolved} of one direction of one series. Inactive is `undefined`.
 * It moves by windows alone, so that the same windows give the same episodes.
 */
import type { Contributor, KeyCount, Verdict } from '../detectors/detector.ts';
import type { Severity } from '../receivers/alert-event.ts';

/** Times in epoch ms. Plain JSON. */
export interface AlertState {
  readonly status: 'pending' | 'firing' | 'resolved';
  /** Start of the episode's first window, pending ones included: part of the alert's id. */
  readonly since: number;
  /** While it fires, where it lasts longer than that: since when. */
  readonly lastsSince?: number;
  /**
   * End of the window that rang last; null: none yet. It outlives the episode by the cooldown, so that a new episode
   * within it rings as a reminder once the cooldown is over, and not before.
   */
  readonly rang: number | null;
  readonly repeats: number;
  /** End of the last window judged. */
  readonly judged: number;
  /** What was expected, and past what it fires, as last judged; for the alert that ends without data. */
  readonly expected: number;
  readonly threshold: number;
  readonly baselineWindows: number | null;
  /** As last told; while it fires it only grows. */
  readonly severity: Severity | null;
  /** While it fires: the alert's id. */
  readonly id?: string;
  /** While it fires: what it is called. The file may not know it any more when it ends. */
  readonly called?: Called;
  /** While it fires, where roll-ups and members feel the same thing: how large it is, for the choice of who speaks. */
  readonly effect?: Effect;
  /** Id of the alert that speaks for this one. */
  readonly partOf?: string;
  /** Of an alert whose speaker has ended, until it rings by itself. */
  readonly alone?: Alone;
  /** While it fires, where the detector has grounds: what its windows were like, for reminders. */
  readonly course?: Course;
  /** While it fires, where the baseline learns what it sees, breaks too: what it was, and past what it fired, when the episode began. */
  readonly begun?: Begun;
  /** A value never seen before: there is no limit that it went past. */
  readonly isUnseen?: true;
  /** Rang at a look; the final row has still to confirm it. */
  readonly looked?: true;
  /** Then, where the clock told of a silence: its start. Windows up to `judged` are behind that look. */
  readonly silentFrom?: number;
}

export interface Called {
  readonly metric: string;
  readonly type: string;
  readonly unit: string | null;
}

export type Begun = Pick<Verdict, 'expected' | 'threshold'>;

/** What was seen since the speaker ended, in amounts: is it over for this one too, or did the speaker end without it? */
export interface Alone {
  /** Id of the speaker. */
  readonly formerly: string;
  readonly seen: number;
  readonly expected: number;
}

/** Sums over the windows of an episode, each by its weight: a ratio's denominator, else 1. Times in epoch ms. */
export interface Course {
  /** Start of the first window that fired, and end of the last one. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly observed: number;
  readonly expected: number;
  readonly weight: number;
  /** Sums of its newest windows. Lacking, as `span`, in states of earlier versions. */
  readonly newest?: { readonly observed: number; readonly expected: number };
  /** What the span that rang expected, as a sum like those of `newest`: windows that expect less say little. */
  readonly span?: number;
}

/** What a series lacks or has too much of, over the span that rang. */
export interface Effect {
  /** Expected in a window, in amounts that add up over segments. */
  readonly amount: number;
  readonly ratio: number;
  /** Shares of the deviation, by labels of full segments. */
  readonly contributors: readonly Contributor[];
  /**
   * Where the news is who came (heavy hitters, a value never seen before), and not how much, with counts as of now: of an alert that speaks,
   * who was told when it last rang; of a folded one, who comes now.
   */
  readonly keys?: readonly KeyCount[];
}

/** `worsened`: graver than it was told, before a reminder is due. */
export type AlertChange = 'fired' | 'repeated' | 'worsened' | 'resolved';

export interface Move {
  readonly state: AlertState | undefined;
  readonly change?: AlertChange;
}

/** Start and end of the window at hand, epoch ms. */
export interface WindowTime {
  readonly startMs: number;
  readonly endMs: number;
}

export function advance(state: AlertState | undefined, verdict: Verdict, at: WindowTime, repeatAfterMs: number): Move {
  if (verdict.isStanding && state?.status !== 'firing') return { state };
  return verdict.status === 'clear' ? calm(state, verdict, at, repeatAfterMs) : alarm(state, verdict, at, repeatAfterMs);
}

/** Nothing could be judged for so long that the alert cannot be said to go on, or nothing is to be judged any more. */
export function lose(state: AlertState, at: WindowTime): Move {
  if (state.status !== 'firing') return { state: undefined };
  return { state: ended({ ...state, judged: at.endMs }), change: 'resolved' };
}

/** Told at once to those who are told of grave alerts alone; for all others the bell stays as it was. */
export function worsen(state: AlertState, { rang, repeats }: AlertState): Move {
  return { state: { ...state, rang, repeats: repeats + 1 }, change: 'worsened' };
}

/** What belongs to the episode goes with it. */
function ended({
  id: _id,
  called: _called,
  effect: _effect,
  partOf: _partOf,
  alone: _alone,
  lastsSince: _lastsSince,
  course: _course,
  begun: _begun,
  looked: _looked,
  silentFrom: _silentFrom,
  ...state
}: AlertState): AlertState {
  return { ...state, status: 'resolved' };
}

function alarm(state: AlertState | undefined, verdict: Verdict, at: WindowTime, repeatAfterMs: number): Move {
  const running = state && state.status !== 'resolved' ? state : undefined;
  const rang = state?.rang ?? null;
  const due = !verdict.isStanding && (rang === null || at.endMs - rang >= repeatAfterMs);
  const begun = running ? running.begun : begunOf(verdict);
  const next: AlertState = {
    status: 'pending',
    since: running?.since ?? at.startMs,
    rang,
    repeats: running?.repeats ?? 0,
    severity: running?.severity ?? null,
    ...(running?.id === undefined ? {} : { id: running.id }),
    ...(running?.partOf === undefined ? {} : { partOf: running.partOf }),
    ...(running?.alone === undefined ? {} : { alone: running.alone }),
    ...(running?.course === undefined ? {} : { course: running.course }),
    ...(begun === undefined ? {} : { begun }),
    ...(verdict.lastsSince === undefined ? {} : { lastsSince: verdict.lastsSince }),
    ...judgedBy(verdict, at),
  };
  // Once firing, an episode fires until it is clear: a detector that waits again changes nothing.
  if (running?.status === 'firing') {
    const firing: AlertState = { ...next, status: 'firing' };
    return due ? { state: { ...firing, rang: at.endMs, repeats: firing.repeats + 1 }, change: 'repeated' } : { state: firing };
  }
  if (verdict.status === 'pending') return { state: next };
  return { state: { ...next, status: 'firing', rang: due ? at.endMs : rang }, change: 'fired' };
}

/** What weighs evidence says by itself how it ends; a limit does not move. */
function begunOf({ grounds, baselineWindows, expected, threshold }: Verdict): Begun | undefined {
  return grounds || baselineWindows === null ? undefined : { expected, threshold };
}

function calm(state: AlertState | undefined, verdict: Verdict, at: WindowTime, repeatAfterMs: number): Move {
  if (!state) return { state: undefined };
  const { rang } = state;
  const isForgotten = rang === null || at.endMs - rang >= repeatAfterMs;
  const resting = isForgotten ? undefined : ended({ ...state, ...judgedBy(verdict, at) });
  return state.status === 'firing' ? { state: resting, change: 'resolved' } : { state: resting };
}

function judgedBy(
  { expected, threshold, baselineWindows, isUnseen }: Verdict,
  at: WindowTime,
): Pick<AlertState, 'judged' | 'expected' | 'threshold' | 'baselineWindows' | 'isUnseen'> {
  return { judged: at.endMs, expected, threshold, baselineWindows, ...(isUnseen && { isUnseen }) };
}
