/** Alerts as they stand, of their records in order: who speaks for whom changes while they fire. */
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Ending } from '../receivers/ending.ts';
import { withEnd } from './with-end.ts';

/** As it rang, and how it stands. */
export interface Episode extends AlertEvent {
  /** ISO 8601 UTC, the end of the window that ended it; null while it fires. */
  readonly resolved_time: string | null;
  /** How it ended: `resolved` alone is an all-clear. Absent while it fires. */
  readonly ending?: Ending;
}

/**
 * Notes the alert's next record. Values, explanation and words stay those of the beginning; status, severity, number of reminders, who
 * speaks for it and for whom it speaks are as of the newest record; an end names nobody, and whom it spoke for until then stays.
 */
export function noteRecord(episodes: Map<string, Episode>, record: AlertEvent): Episode {
  const known = episodes.get(record.alert_id);
  const resolved_time = record.status === 'resolved' ? record.alert_time : null;
  const repeat = Math.max(known?.repeat ?? 0, record.repeat);
  const { part_of: _partOf, members: _members, ...begun } = known ?? record;
  const { part_of, members = resolved_time === null ? undefined : known?.members } = record;
  const company = { ...(part_of === undefined ? {} : { part_of }), ...(members && { members }) };
  const episode = withEnd({ ...begun, ...company, status: record.status, severity: record.severity, repeat, resolved_time }, record);
  episodes.set(record.alert_id, episode);
  for (const { alert_id } of record.members ?? []) {
    const member = episodes.get(alert_id);
    if (member) episodes.set(alert_id, { ...member, part_of: record.alert_id });
  }
  return episode;
}
