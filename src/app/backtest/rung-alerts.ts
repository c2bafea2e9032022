/** The alerts that one setting would have rung: as many as are listed whole, the rest by their number. */
import { withEnd } from '../../alerts/with-end.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { BacktestAlert } from '../../server/api.ts';

export interface Judged {
  /** Every alert that began in the range, those that another one speaks for too. */
  readonly alerts: readonly BacktestAlert[];
  /** Alerts that began in the range beyond those that are kept: that rang, and that another one spoke for to their end. */
  readonly dropped: { readonly rang: number; readonly folded: number };
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

/** `most`: alerts that are kept. */
export function createRungAlerts(range: JudgedRange, most: number): RungAlerts {
  const begun = new Map<string, BacktestAlert>();
  const dropped = { rang: 0, folded: 0 };
  /** Ids of those among the dropped that another one speaks for now: no more than fire at one time. */
  const droppedFolded = new Set<string>();

  return {
    note(event) {
      const { alert_id: id, status } = event;
      const isFiring = status === 'firing';
      // One that another alert spoke for, and that now rings by itself, rings now.
      const isAlone = isFiring && event.part_of === undefined;
      const known = begun.get(id);
      if (known?.part_of !== undefined && isAlone) {
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
      if (droppedFolded.has(id)) {
        if (isAlone) {
          dropped.folded--;
          dropped.rang++;
        }
        if (isAlone || !isFiring) droppedFolded.delete(id);
        return;
      }
      const at = Date.parse(event.window_start);
      if (!isFiring || event.repeat > 0 || at < range.from || at >= range.to) return;
      if (begun.size < most) begun.set(id, { ...event, resolved_time: null });
      else if (isAlone) dropped.rang++;
      else {
        dropped.folded++;
        droppedFolded.add(id);
      }
    },
    judged: () => ({ alerts: [...begun.values()], dropped }),
  };
}
