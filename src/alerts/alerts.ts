/** Turns verdicts into alerts: moves the state of each alert, and says what is to be told. */
import type { KeyCount, Verdict } from '../detectors/detector.ts';
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import { createAlertDesk, type AlertDesk, type AlertSeries, type DeskNaming, type DeskSubject } from './alert-desk.ts';
import type { AlertFacts, AlertSubject, Company } from './alert-facts.ts';
import { alertRecord, idOf } from './alert-record.ts';
import type { AlertJudge, AlertStep, AlertWindow } from './alert-step.ts';
import { courseOf, meansOf } from './course.ts';
import { isGraver, severityNow } from './episode-severity.ts';
import { alertTypeOf } from './naming.ts';
import { advance, lose, worsen } from './state-machine.ts';
import type { AlertState, Alone, Called, Effect, Move, WindowTime } from './state-machine.ts';

export interface AlertSettings {
  /** An alert that still fires is written again at this distance, ms of event time. */
  readonly repeatAfterMs: number;
  readonly locale: AlertLocale;
}

export interface Alerts extends AlertJudge {
  /** Where all series of one entry are judged together. */
  desk<Series extends AlertSeries>(subject: DeskSubject, naming: DeskNaming): AlertDesk<Series>;
}

export function createAlerts(settings: AlertSettings): Alerts {
  function step(move: Move, subject: AlertSubject, facts: AlertFacts, at: WindowTime): AlertStep {
    const write = (company?: Company): AlertEvent => alertRecord(subject, facts, at, settings.locale, company, cooldownUntil(move, at));
    return move.change === undefined ? { state: move.state, write } : { state: move.state, change: move.change, write };
  }

  /** Of an alert that begins within the cooldown of the one before: when that is over, and its first reminder due. */
  function cooldownUntil({ change, state }: Move, at: WindowTime): number | undefined {
    const rang = state?.rang ?? at.endMs;
    return change === 'fired' && rang < at.endMs ? rang + settings.repeatAfterMs : undefined;
  }

  const alerts: Alerts = {
    judge(state, subject, said, at) {
      const verdict = asLearnt(asExpectedThen(withContributors(said, state), state, at), state);
      const moved = advance(state, verdict, at, settings.repeatAfterMs);
      const course = courseOf(state, verdict, at, weightOf(subject, at));
      const severity = moved.state?.status === 'firing' ? severityNow(subject, state, verdict, course) : null;
      // A folded alert would ring in each window, and is kept from it.
      const isSilent = moved.change === undefined || (moved.change === 'repeated' && state?.partOf !== undefined);
      const isNews = moved.state && state && severity && isSilent && isGraver(severity, state.severity);
      const move = isNews ? worsen(moved.state, state) : moved;
      const ends = verdict.status === 'clear';
      const told = ends ? state : move.state;
      const isReminder = !ends && (told?.repeats ?? 0) > 0;
      const facts: AlertFacts = {
        status: ends ? 'resolved' : 'firing',
        repeat: ends ? 0 : (told?.repeats ?? 0),
        since: told?.since ?? at.startMs,
        lastsSince: told?.lastsSince,
        observed: verdict.observed,
        judged: verdict,
        ...(isReminder && { soFar: course && course.fromMs === told?.since ? meansOf(course) : undefined }),
        volume: at.volume,
        severity: ends ? (told?.severity ?? null) : severity,
      };
      const next = move.state;
      if (!next || next.status !== 'firing') return step(move, subject, facts, at);
      const named = state?.partOf === undefined && move.change === undefined ? state?.effect?.keys : undefined;
      const effect = effectOf(subject, verdict, at, state?.effect, named);
      const id = next.id ?? idOf(subject, next.since);
      const called = calledAs(subject);
      const alone = next.alone && { ...next.alone, ...seenSince(next.alone, subject, verdict, at) };
      return step(
        {
          ...move,
          state: { ...next, severity, id, called, ...(effect && { effect }), ...(alone && { alone }), ...(course && { course }) },
        },
        subject,
        facts,
        at,
      );
    },

    lose(state, subject, at, isUnwatched = false) {
      const { since, lastsSince, severity } = state;
      const facts = { status: 'resolved', repeat: 0, since, lastsSince, observed: null, judged: state, volume: 0, severity } as const;
      return step(lose(state, at), subject, isUnwatched ? { ...facts, isUnwatched } : facts, at);
    },

    desk: (subject, naming) => createAlertDesk(subject, naming, alerts),
  };
  return alerts;
}

function calledAs({ metricName, measure, direction, naming }: AlertSubject): Called {
  return { metric: metricName, type: alertTypeOf(measure.name, direction, naming), unit: measure.unit ?? null };
}

/** Said only after windows without a verdict, an end that lasts has the new level beside it: what had been expected is the alert's own. */
function asExpectedThen(verdict: Verdict, state: AlertState | undefined, at: AlertWindow): Verdict {
  if (!verdict.isLasting || state?.status !== 'firing' || state.judged >= at.startMs) return verdict;
  const { expected, threshold } = state;
  return { ...verdict, expected, threshold };
}

/** In order only by a baseline that has learnt the break, and still past what it fired at when it began: no all-clear. */
function asLearnt(verdict: Verdict, state: AlertState | undefined): Verdict {
  const { status, direction, observed, isLasting } = verdict;
  if (status !== 'clear' || isLasting || state?.status !== 'firing' || !state.begun) return verdict;
  const { threshold } = state.begun;
  const isPast = direction === 'down' ? observed < threshold : observed > threshold;
  return isPast ? { ...verdict, ...state.begun, isLasting: true } : verdict;
}

/** Contributors may be named when an episode begins, and not in each of its windows. */
function withContributors(verdict: Verdict, state: AlertState | undefined): Verdict {
  const { grounds } = verdict;
  const contributors = state?.effect?.contributors ?? [];
  if (!grounds || grounds.contributors.length > 0 || contributors.length === 0) return verdict;
  return { ...verdict, grounds: { ...grounds, contributors } };
}

/** In amounts, which add up over segments: clicks for a CTR, not percent. `before`: of the same alert; `named`: when it last rang, if it speaks. */
function effectOf(
  subject: AlertSubject,
  verdict: Verdict,
  at: AlertWindow,
  before: Effect | undefined,
  named: Effect['keys'],
): Effect | undefined {
  const { expected, grounds, keys, isUnseen } = verdict;
  if (!grounds) return keys || isUnseen ? effectOfKeys(verdict, named) : before;
  const value = subject.measure.kind === 'ratio' ? grounds.expected : expected;
  return { amount: Math.abs(amountOf(value, subject, at)), ratio: grounds.ratio, contributors: grounds.contributors };
}

/**
 * With their newest counts, 0 of those named who are gone: those of all alerts are of one window then. A value never seen before stands in the
 * labels; where windows are stored without keys the most frequent one is known by its count alone.
 */
function effectOfKeys({ observed, expected, keys = [] }: Verdict, named: Effect['keys']): Effect {
  const newest: readonly KeyCount[] = keys.length > 0 ? keys : [{ key: '', least: observed, most: observed }];
  const counted = named?.map(({ key }) => newest.find((one) => one.key === key) ?? { key, least: 0, most: 0 });
  return { amount: expected, ratio: observed / expected, contributors: [], keys: counted ?? newest };
}

function seenSince(before: Alone, subject: AlertSubject, { observed, expected }: Verdict, at: AlertWindow): Omit<Alone, 'formerly'> {
  return { seen: before.seen + amountOf(observed, subject, at), expected: before.expected + amountOf(expected, subject, at) };
}

/** Of a window among those of its episode. */
function weightOf({ measure }: AlertSubject, { volume, parts }: AlertWindow): number {
  return measure.kind === 'ratio' ? (parts?.exposure ?? volume) : 1;
}

function amountOf(value: number, { measure }: AlertSubject, { volume, parts }: AlertWindow): number {
  return measure.kind === 'ratio' ? (value / measure.scale) * (parts?.exposure ?? volume) : value;
}
