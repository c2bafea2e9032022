/** The kinds of alerts that a pipeline can have: what receivers may choose them by. */
import { alertTypeOf } from '../alerts/naming.ts';
import type { Direction } from '../detectors/detector.ts';
import type { MonitorSpec } from '../pipeline/monitor/monitor-spec.ts';
import { OWN_ALERTS } from '../receivers/own-alerts.ts';
import type { PipelineConfig } from './pipeline-config.ts';

export interface AlertKind {
  readonly measure: string;
  readonly alert_type: string;
}

const DIRECTIONS: readonly Direction[] = ['down', 'up'];

export function alertKindsOf({ monitor, lag }: Pick<PipelineConfig, 'monitor' | 'lag'>): AlertKind[] {
  const own = Object.entries(OWN_ALERTS).filter(([measure]) => measure !== 'lag' || lag !== undefined);
  return [...monitor.detect.flatMap(kindsOf), ...own.map(([measure, type]) => ({ measure, alert_type: type }))];
}

/** Some detectors have a setting for each direction, and look in those alone that are set. */
function kindsOf({ measure, naming = {}, config }: MonitorSpec['detect'][number]): AlertKind[] {
  const set = DIRECTIONS.filter((direction) => (config as Readonly<Record<string, unknown>>)[direction] !== undefined);
  const watched = set.length > 0 ? set : DIRECTIONS;
  return watched.map((direction) => ({ measure, alert_type: alertTypeOf(measure, direction, naming[direction] ?? {}) }));
}
