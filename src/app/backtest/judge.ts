/** One setting of the detectors at work on history: the monitor that runs live, and what it would have rung. */
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { DetectorContext, DetectorKind } from '../../detectors/detector.ts';
import { createMonitor } from '../../pipeline/monitor/monitor.ts';
import { budgetTests, type MonitorSpec } from '../../pipeline/monitor/monitor-spec.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { BacktestAlert } from '../../server/api.ts';
import { createColumnReader, type RecordColumns } from './record-columns.ts';
import { withEnd } from '../../alerts/with-end.ts';

export interface Judge {
  observe(columns: RecordColumns): void;
  judged(): Judged;
}

export interface Judged {
  /** Every alert that began in the range, those that another one speaks for too. */
  readonly alerts: readonly BacktestAlert[];
  /** Alerts that began in the range beyond those that are kept: that rang, and that another one spoke for. */
  readonly dropped: { readonly rang: number; readonly folded: number };
}

/** By the start of the window that rings, epoch ms: `from` included, `to` not. */
export interface JudgedRange {
  readonly from: number;
  readonly to: number;
}

export const ALERTS_MAX = 10_000;

/** `measures`: names of the columns. `entries`: indexes of the detect entries that it judges, as parts of the whole. */
export function createJudge(spec: MonitorSpec, measures: readonly string[], range: JudgedRange, entries: readonly number[]): Judge {
  const part = { ...spec, detect: entries.map((index) => spec.detect[index]!) };
  const monitor = createMonitor(part, { alerts: createAlerts(spec), catalog: sharingBudgetOf(spec) });
  const reader = createColumnReader(spec.pipeline, spec.windows, measures);
  const begun = new Map<string, BacktestAlert>();
  const dropped = { rang: 0, folded: 0 };

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
      const repeat = Math.max(known.repeat, event.repeat);
      begun.set(event.alert_id, withEnd({ ...known, status: event.status, repeat, resolved_time }, event));
      return;
    }
    const at = Date.parse(event.window_start);
    if (event.status !== 'firing' || event.repeat > 0 || at < range.from || at >= range.to) return;
    if (begun.size === ALERTS_MAX) dropped[event.part_of === undefined ? 'rang' : 'folded']++;
    else begun.set(event.alert_id, { ...event, resolved_time: null });
  }

  return {
    observe(columns) {
      reader.read(columns, (record) => {
        for (const event of monitor.observe(record)) note(event);
      });
    },
    judged: () => ({ alerts: [...begun.values()], dropped }),
  };
}

/** Detectors that share the budget with all entries of the pipeline, whoever judges the others. */
function sharingBudgetOf({ detect, falseAlarmsPerDay }: MonitorSpec): Readonly<Record<string, DetectorKind>> {
  const catalog: Readonly<Record<string, DetectorKind>> = detectorCatalog;
  const budget = { falseAlarmsPerDay, tests: budgetTests(detect, catalog) };
  return Object.fromEntries(
    Object.entries(catalog).map(([name, kind]) => [
      name,
      { ...kind, create: (config: unknown, context: DetectorContext) => kind.create(config, { ...context, budget }) },
    ]),
  );
}
