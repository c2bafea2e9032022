/** What stands on the topic `p.dlq`, keyed by origin: a record that was late or invalid, whole, with why. */
export interface DeadLetter {
  /** Where the record stands in the raw topic. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly outcome: 'late' | 'invalid';
  /** For invalid: `bad_json`, `missing:country`, `future`, `too_long` ...; for late: `late`. */
  readonly reason: string;
  /** For invalid: what was found at which field, and what was expected; `revenue: found "12.5"; expected a number`. */
  readonly detail?: string;
  /** Of the windows stage that judged it so. */
  readonly revision: number;
  /** ISO 8601 UTC with ms; absent where the log has none (replays by event time have none). */
  readonly append_time?: string;
  /** For late: event time, watermark it was judged by, start of its earliest-ending window; ISO 8601 UTC. */
  readonly event_time?: string;
  readonly watermark?: string;
  readonly window_start?: string;
  /** The record's text, where its bytes are UTF-8; else `payload_base64`. */
  readonly payload?: string;
  readonly payload_base64?: string;
  /** Length of the record, bytes, where it was longer than the limit: the payload is then its beginning only. */
  readonly truncated_from_bytes?: number;
}

/** The key of a dead letter, and of its replay: `ad-events/0/4711`. */
export function originKey(topic: string, partition: number, offset: number): string {
  return `${topic}/${partition}/${offset}`;
}
