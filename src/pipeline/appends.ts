/** Things to tell as records of a topic of one partition. */
import { mapped, type Sliced } from '../core/slices.ts';
import { packRecords } from '../log/batch.ts';
import type { RecordsToAppend } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { WindowRecord } from '../windows/row.ts';

export interface KeyedText {
  readonly key: string;
  /** JSON. */
  readonly text: string;
}

/** Records in one piece: so many are packed in a slice. */
const PIECE_RECORDS = 1_024;

/** In as many pieces as it takes, in order. */
export function* appendTexts(topic: string, records: readonly KeyedText[]): Sliced<RecordsToAppend[]> {
  return yield* appending(topic, records, (record) => record, { missing: (texts) => texts });
}

/**
 * Rows as records; `missing`: those of a piece that are to be appended. The texts of a piece are packed before the next ones are made:
 * the collector would carry those of a whole commit along.
 */
export function appendWindows(
  topic: string,
  records: readonly WindowRecord[],
  tail: { missing(records: readonly KeyedText[]): readonly KeyedText[] } = { missing: (texts) => texts },
): Sliced<RecordsToAppend[]> {
  return appending(topic, records, (record) => ({ key: windowRecordKey(record), text: JSON.stringify(record) }), tail);
}

function* appending<T>(
  topic: string,
  records: readonly T[],
  textOf: (record: T) => KeyedText,
  tail: { missing(records: readonly KeyedText[]): readonly KeyedText[] },
): Sliced<RecordsToAppend[]> {
  const pieces: RecordsToAppend[] = [];
  for (let from = 0; from < records.length; from += PIECE_RECORDS) {
    const piece = tail.missing(yield* mapped(records.slice(from, from + PIECE_RECORDS), textOf));
    if (piece.length === 0) continue;
    const packed = packRecords(
      piece.map(({ text }) => text),
      piece.map(({ key }) => key),
    );
    pieces.push({ topic, partition: 0, ...packed });
    yield;
  }
  return pieces;
}

export function alertTexts(alerts: readonly AlertEvent[]): KeyedText[] {
  return alerts.map((alert) => ({ key: alert.alert_id, text: JSON.stringify(alert) }));
}

export function letterTexts(letters: readonly { readonly key: string; readonly letter: unknown }[]): KeyedText[] {
  return letters.map(({ key, letter }) => ({ key, text: JSON.stringify(letter) }));
}

function windowRecordKey(record: WindowRecord): string {
  return record.kind === 'row' ? `${record.window}/${JSON.stringify(record.labels)}` : `${record.window}/closed`;
}
