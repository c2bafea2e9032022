/** Turns verdicts into alerts: moves the state of each alert, and writes a record where something is to be told. */
import type { Verdict } from '../detectors/detector.ts';
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import { alertRecord } from './alert-record.ts';
import type { AlertSubject } from './alert-record.ts';
import { advance, lose } from './state-machine.ts';
import type { AlertState, WindowTime } from './state-machine.ts';

export interface AlertSettings {
  /** An alert that still fires is written again at this distance, ms of event time. */
  readonly repeatAfterMs: number;
  readonly locale: AlertLocale;
}

export interface AlertStep {
  readonly state: AlertState | undefined;
  readonly event?: AlertEvent;
}

export interface Alerts {
  /** What a verdict makes of an alert. `at.volume`: the window's denominator or events. */
  judge(state: AlertState | undefined, subject: AlertSubject, verdict: Verdict, at: WindowTime & { volume: number }): AlertStep;
  /** Ends an alert of which nothing could be judged for long. */
  lose(state: AlertState, subject: AlertSubject, at: WindowTime): AlertStep;
}

export function createAlerts(settings: AlertSettings): Alerts {
  return {
    judge(state, subject, verdict, at) {
      const move = advance(state, verdict, at, settings.repeatAfterMs);
      if (move.change === undefined) return { state: move.state };
      const ends = move.change === 'resolved';
      const told = ends ? state : move.state;
      const event = alertRecord(
        subject,
        {
          status: ends ? 'resolved' : 'firing',
          repeat: ends ? 0 : (told?.repeats ?? 0),
          since: told?.since ?? at.startMs,
          observed: verdict.observed,
          judged: verdict,
          volume: at.volume,
          severity: ends ? (told?.severity ?? null) : null,
        },
        at,
        settings.locale,
      );
      return { state: move.state && { ...move.state, severity: event.severity }, event };
    },

    lose(state, subject, at) {
      const move = lose(state, at);
      if (move.change === undefined) return { state: move.state };
      const facts = {
        status: 'resolved',
        repeat: 0,
        since: state.since,
        observed: null,
        judged: state,
        volume: 0,
        severity: state.severity,
      } as const;
      return { state: move.state, event: alertRecord(subject, facts, at, settings.locale) };
    },
  };
}
