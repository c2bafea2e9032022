/** One setting of the detectors at work on history: the monitor that runs live, and what it would have rung. */
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { DetectorContext, DetectorKind } from '../../detectors/detector.ts';
import { createMonitor } from '../../pipeline/monitor/monitor.ts';
import { budgetTests, type MonitorSpec } from '../../pipeline/monitor/monitor-spec.ts';
import { createColumnReader, type RecordColumns } from './record-columns.ts';
import { ALERTS_MAX, createRungAlerts, type Judged, type JudgedRange } from './rung-alerts.ts';

export interface Judge {
  observe(columns: RecordColumns): void;
  judged(): Judged;
}

/** `measures`: names of the columns. `entries`: indexes of the detect entries that it judges, as parts of the whole. */
export function createJudge(spec: MonitorSpec, measures: readonly string[], range: JudgedRange, entries: readonly number[]): Judge {
  const part = { ...spec, detect: entries.map((index) => spec.detect[index]!) };
  const monitor = createMonitor(part, { alerts: createAlerts(spec), catalog: sharingBudgetOf(spec) });
  const reader = createColumnReader(spec.pipeline, spec.windows, measures);
  const rung = createRungAlerts(range, ALERTS_MAX);

  return {
    observe(columns) {
      reader.read(columns, (record) => {
        for (const event of monitor.observe(record)) rung.note(event);
      });
    },
    judged: rung.judged,
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
