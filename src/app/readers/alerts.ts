/** The alerts of a pipeline: as they rang, with how they stand now. */
import type { Log } from '../../log/log.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import type { Ending } from '../../receivers/ending.ts';
import { batches, textAt } from './reading.ts';
import { withEnd } from '../../alerts/with-end.ts';

/** An alert as it rang, and how it stands. */
export interface ShownAlert extends AlertEvent {
  /** ISO 8601 UTC; null while it fires. */
  readonly resolved_time: string | null;
  /** Absent while it fires. */
  readonly ending?: Ending;
}

export interface AlertsQuery {
  /** By the time it rang, epoch ms; `from` included, `to` not. */
  readonly from?: number;
  readonly to?: number;
  readonly status?: AlertEvent['status'];
}

/** Every record of the alerts topic, in order: beginnings, repeats and ends. */
export async function* readAlertRecords(log: Log, pipeline: PipelineRecord): AsyncGenerator<AlertEvent> {
  const topic = pipeline.topics.alerts;
  const { start, end } = await log.bounds(topic, 0);
  for await (const batch of batches(log, topic, 0, start, end)) {
    for (let i = 0; i < batch.count; i++) yield JSON.parse(textAt(batch, i)) as AlertEvent;
  }
}

/**
 * One object per alert, in the order in which they rang: the record of its beginning (values, explanation, message), with `status`
 * and `repeat` as of its last record and `resolved_time`, the end of the window that ended it, else null.
 */
export async function readAlerts(log: Log, pipeline: PipelineRecord, query: AlertsQuery): Promise<ShownAlert[]> {
  const alerts = new Map<string, ShownAlert>();
  for await (const record of readAlertRecords(log, pipeline)) {
    const known = alerts.get(record.alert_id);
    const resolved_time = record.status === 'resolved' ? record.alert_time : null;
    const repeat = Math.max(known?.repeat ?? 0, record.repeat);
    alerts.set(record.alert_id, withEnd({ ...(known ?? record), status: record.status, repeat, resolved_time }, record));
  }
  return [...alerts.values()].filter((alert) => {
    const at = Date.parse(alert.alert_time);
    const isInTime = at >= (query.from ?? -Infinity) && at < (query.to ?? Infinity);
    return isInTime && (query.status === undefined || alert.status === query.status);
  });
}
