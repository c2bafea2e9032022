/** The alerts that one setting would have rung: as many as are listed whole, the rest by their number. */
import { withEnd } from '../../alerts/with-end.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { BacktestAlert } from '../../server/api.ts';
import { bellOf, hasRung, type Bell } from './bell.ts';

export interface Judged {
  /** Every alert that began in the range, or rang in it after all; those that did not ring too. */
  readonly alerts: readonly BacktestAlert[];
  /** How many there are beyond those that are kept: that rang, and that did not to their end. */
  readonly dropped: Readonly<Record<Bell, number>>;
}

/** By the start of the window that rings, epoch ms: `from` included, `to` not. */
export interface JudgedRange {
  readonly from: number;
  readonly to: number;
}

export const ALERTS_MAX = 10_000;

export interface RungAlerts {
  /** What the monitor tells, in its order. */
  note(event: AlertEvent): void;
  judged(): Judged;
}

/** An alert that is not listed and has not rung. */
interface Silent {
  readonly begun: AlertEvent;
  /** It began in the range, and is counted among the dropped. */
  readonly isDropped: boolean;
}

/** `most`: alerts that are kept. */
export function createRungAlerts(range: JudgedRange, most: number): RungAlerts {
  const begun = new Map<string, BacktestAlert>();
  const dropped: Record<Bell, number> = { rang: 0, folded: 0, in_cooldown: 0 };
  /** Of those that began before the range, or are dropped: no more than fire at one time. */
  const silent = new Map<string, Silent>();

  function list(event: AlertEvent): void {
    if (begun.size < most) {
      begun.set(event.alert_id, { ...event, resolved_time: null });
      return;
    }
    dropped[bellOf(event)]++;
    if (!hasRung(event)) silent.set(event.alert_id, { begun: event, isDropped: true });
  }

  function goesOn(event: AlertEvent, was: Silent): void {
    const ringsNow = rings(event, was.begun);
    if (ringsNow || event.status === 'resolved') silent.delete(event.alert_id);
    if (!ringsNow) return;
    if (was.isDropped) dropped[bellOf(was.begun)]--;
    if (Date.parse(event.window_start) >= range.from) list(event);
  }

  return {
    note(event) {
      const { alert_id: id, status } = event;
      const known = begun.get(id);
      if (known && !hasRung(known) && rings(event, known)) {
        begun.set(id, { ...event, resolved_time: null });
        return;
      }
      if (known) {
        // What it was when it rang stays; how it went on is added.
        const resolved_time = status === 'resolved' ? event.alert_time : null;
        const repeat = Math.max(known.repeat, event.repeat);
        begun.set(id, withEnd({ ...known, status, repeat, resolved_time }, event));
        return;
      }
      const was = silent.get(id);
      if (was) {
        goesOn(event, was);
        return;
      }
      const at = Date.parse(event.window_start);
      if (status !== 'firing' || event.repeat > 0 || at >= range.to) return;
      if (at >= range.from) list(event);
      else if (!hasRung(event)) silent.set(id, { begun: event, isDropped: false });
    },
    judged: () => ({ alerts: [...begun.values()], dropped }),
  };
}

/** One that another alert spoke for, and that is told by itself now, rings now; and so does one whose first reminder comes. */
function rings({ status, part_of, alert_time }: AlertEvent, { cooldown_until: until }: AlertEvent): boolean {
  return status === 'firing' && part_of === undefined && (until === undefined || Date.parse(alert_time) >= Date.parse(until));
}
