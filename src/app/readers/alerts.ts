/** The alerts of a pipeline: as they rang, with how they stand now. */
import type { Log } from '../../log/log.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { parseAlert } from '../../receivers/parse-alert.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { noteRecord, type Episode } from '../../alerts/episodes.ts';
import { batches, textAt } from './reading.ts';

export interface AlertsQuery {
  /** By the time it rang, epoch ms; `from` included, `to` not. */
  readonly from?: number;
  readonly to?: number;
  readonly status?: AlertEvent['status'];
}

/** Every alert event of the alerts topic, in order: beginnings, repeats and ends. What others wrote there is left out. */
export async function* readAlertRecords(log: Log, pipeline: PipelineRecord): AsyncGenerator<AlertEvent> {
  const topic = pipeline.topics.alerts;
  const { start, end } = await log.bounds(topic, 0);
  for await (const batch of batches(log, topic, 0, start, end)) {
    for (let i = 0; i < batch.count; i++) {
      const event = parseAlert(textAt(batch, i));
      if (event) yield event;
    }
  }
}

/** By id, in the order in which they rang: as they rang, and how they stand. */
export async function readEpisodes(log: Log, pipeline: PipelineRecord): Promise<ReadonlyMap<string, Episode>> {
  const episodes = new Map<string, Episode>();
  for await (const record of readAlertRecords(log, pipeline)) noteRecord(episodes, record);
  return episodes;
}

/** Those of them that are asked for. */
export async function readAlerts(log: Log, pipeline: PipelineRecord, query: AlertsQuery): Promise<Episode[]> {
  return [...(await readEpisodes(log, pipeline)).values()].filter((episode) => isAsked(episode, query));
}

export function isAsked({ alert_time, status: is }: AlertEvent, { from = -Infinity, to = Infinity, status }: AlertsQuery): boolean {
  const at = Date.parse(alert_time);
  return at >= from && at < to && (status === undefined || is === status);
}
