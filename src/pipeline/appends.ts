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
  const pieces: RecordsToAppend[] = [];
  for (let from = 0; from < records.length; from += PIECE_RECORDS) {
    const piece = records.slice(from, from + PIECE_RECORDS);
    const packed = packRecords(
      piece.map(({ text }) => text),
      piece.map(({ key }) => key),
    );
    pieces.push({ topic, partition: 0, ...packed });
    yield;
  }
  return pieces;
}

export function windowTexts(records: readonly WindowRecord[]): Sliced<KeyedText[]> {
  return mapped(records, (record) => ({ key: windowRecordKey(record), text: JSON.stringify(record) }));
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
