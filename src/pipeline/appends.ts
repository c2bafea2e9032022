/** Things to tell as records of a topic of one partition. */
import { packRecords } from '../log/batch.ts';
import type { RecordsToAppend } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { WindowRecord } from '../windows/row.ts';

export interface KeyedText {
  readonly key: string;
  /** JSON. */
  readonly text: string;
}

export function appendTexts(topic: string, records: readonly KeyedText[]): RecordsToAppend[] {
  if (records.length === 0) return [];
  const packed = packRecords(
    records.map(({ text }) => text),
    records.map(({ key }) => key),
  );
  return [{ topic, partition: 0, ...packed }];
}

export function windowTexts(records: readonly WindowRecord[]): KeyedText[] {
  return records.map((record) => ({ key: windowRecordKey(record), text: JSON.stringify(record) }));
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
