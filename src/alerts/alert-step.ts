/** What one window does to one alert. */
import type { Parts, Verdict } from '../detectors/detector.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { AlertSubject, Company } from './alert-facts.ts';
import type { AlertChange, AlertState, WindowTime } from './state-machine.ts';

export interface AlertStep {
  readonly state: AlertState | undefined;
  /** Undefined: there is nothing to tell. */
  readonly change?: AlertChange;
  /** The record, whether or not there is a change. */
  write(company?: Company): AlertEvent;
}

/** The window at hand. `volume`: its denominator or events. */
export interface AlertWindow extends WindowTime {
  readonly volume: number;
  readonly parts?: Parts;
}

export interface AlertJudge {
  /** What a verdict makes of an alert. */
  judge(state: AlertState | undefined, subject: AlertSubject, verdict: Verdict, at: AlertWindow): AlertStep;
  /** Ends an alert of which nothing could be judged for long, or which the file does not watch any more. */
  lose(state: AlertState, subject: AlertSubject, at: WindowTime, isUnwatched?: boolean): AlertStep;
}
