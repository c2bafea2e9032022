/** The kinds of alerts that a pipeline can have: what receivers may choose them by. */
import { alertTypeOf } from '../alerts/naming.ts';
import { detectorCatalog } from '../detectors/catalog.ts';
import { DIRECTIONS, type DetectorKind } from '../detectors/detector.ts';
import type { MonitorSpec } from '../pipeline/monitor/monitor-spec.ts';
import { OWN_ALERTS } from '../receivers/own-alerts.ts';

export interface AlertKind {
  readonly measure: string;
  readonly alert_type: string;
}

/** Of all that is watched, and of the pipeline itself. */
export function alertKindsOf(detect: MonitorSpec['detect']): AlertKind[] {
  const own = Object.entries(OWN_ALERTS).map(([measure, type]) => ({ measure, alert_type: type }));
  return [...detect.flatMap(kindsOf), ...own];
}

/** Of one entry: in the directions that its settings watch. */
export function kindsOf({ detector, measure, naming = {}, config }: MonitorSpec['detect'][number]): AlertKind[] {
  const catalog: Readonly<Record<string, DetectorKind>> = detectorCatalog;
  const watches = catalog[detector]?.watches;
  const watched = watches ? DIRECTIONS.filter((direction) => watches(config, direction)) : DIRECTIONS;
  return watched.map((direction) => ({ measure, alert_type: alertTypeOf(measure, direction, naming[direction] ?? {}) }));
}
