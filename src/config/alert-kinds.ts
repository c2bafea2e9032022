/** The kinds of alerts that a pipeline can have: what receivers may choose them by. */
import { alertTypeOf } from '../alerts/naming.ts';
import { DIRECTIONS, type Direction } from '../detectors/detector.ts';
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

/** Of one entry. Some detectors have a setting for each direction, and look in those alone that are set; a value never seen before is always one too many. */
export function kindsOf({ measure, naming = {}, config }: MonitorSpec['detect'][number]): AlertKind[] {
  const { down, up, unseen } = config as { readonly [setting in Direction | 'unseen']?: unknown };
  const set = { down: down !== undefined, up: up !== undefined || unseen !== undefined };
  const watched = set.down || set.up ? DIRECTIONS.filter((direction) => set[direction]) : DIRECTIONS;
  return watched.map((direction) => ({ measure, alert_type: alertTypeOf(measure, direction, naming[direction] ?? {}) }));
}
