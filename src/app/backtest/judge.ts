/** One setting of the detectors at work on history: the monitor that runs live, and what it would have rung. */
import { createAlerts } from '../../alerts/alerts.ts';
import { createMonitor } from '../../pipeline/monitor.ts';
import type { MonitorSpec } from '../../pipeline/monitor-spec.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { BacktestAlert } from '../../server/api.ts';
import { createColumnReader, type RecordColumns } from './record-columns.ts';

export interface Judge {
  observe(columns: RecordColumns): void;
  /** Every alert that began in the range, in the order in which they rang; those that another one speaks for too. */
  alerts(): BacktestAlert[];
  /** Alerts that began in the range beyond those that are kept. */
  readonly dropped: number;
}

/** By the start of the window that rings, epoch ms: `from` included, `to` not. */
export interface JudgedRange {
  readonly from: number;
  readonly to: number;
}

export const ALERTS_MAX = 10_000;

/** `measures`: names of the columns. */
export function createJudge(spec: MonitorSpec, measures: readonly string[], range: JudgedRange): Judge {
  const monitor = createMonitor(spec, { alerts: createAlerts(spec) });
  const reader = createColumnReader(spec.pipeline, spec.windows, measures);
  const begun = new Map<string, BacktestAlert>();
  let dropped = 0;

  function note(event: AlertEvent): void {
    const known = begun.get(event.alert_id);
    // One that another alert spoke for, and that now rings by itself, rings now.
    if (known?.part_of !== undefined && event.part_of === undefined && event.status === 'firing') {
      begun.set(event.alert_id, { ...event, resolved_time: null });
      return;
    }
    if (known) {
      // What it was when it rang stays; how it went on is added.
      const resolved_time = event.status === 'resolved' ? event.alert_time : null;
      begun.set(event.alert_id, { ...known, status: event.status, repeat: Math.max(known.repeat, event.repeat), resolved_time });
      return;
    }
    const at = Date.parse(event.window_start);
    if (event.status !== 'firing' || event.repeat > 0 || at < range.from || at >= range.to) return;
    if (begun.size === ALERTS_MAX) dropped++;
    else begun.set(event.alert_id, { ...event, resolved_time: null });
  }

  return {
    observe(columns) {
      reader.read(columns, (record) => {
        for (const event of monitor.observe(record)) note(event);
      });
    },
    alerts: () => [...begun.values()].sort((a, b) => (a.alert_time < b.alert_time ? -1 : a.alert_time > b.alert_time ? 1 : 0)),
    get dropped() {
      return dropped;
    },
  };
}
