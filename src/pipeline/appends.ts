/** Things to tell as records of a topic of one partition. */
import { createPace, type Sliced } from '../core/slices.ts';
import { packRecords } from '../log/batch.ts';
import type { RecordsToAppend } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { WindowRecord } from '../windows/row.ts';

export interface KeyedText {
  readonly key: string;
  /** JSON. */
  readonly text: string;
}

/** A piece is packed in a slice: it has so many records at most, and is full with so many characters. */
const PIECE_RECORDS = 1_024;
const PIECE_CHARS = 512 << 10;

/** Those of a piece that are to be appended. */
interface Tail {
  missing(records: readonly KeyedText[]): readonly KeyedText[];
}

const ALL: Tail = { missing: (texts) => texts };

export function appendWindows(topic: string, records: readonly WindowRecord[], tail = ALL): Sliced<RecordsToAppend[]> {
  return appending(topic, records, (record) => ({ key: windowRecordKey(record), text: JSON.stringify(record) }), tail);
}

export function appendAlerts(topic: string, alerts: readonly AlertEvent[], tail = ALL): Sliced<RecordsToAppend[]> {
  return appending(topic, alerts, (alert) => ({ key: alert.alert_id, text: JSON.stringify(alert) }), tail);
}

export function appendLetters(
  topic: string,
  letters: readonly { readonly key: string; readonly letter: unknown }[],
  tail = ALL,
): Sliced<RecordsToAppend[]> {
  return appending(topic, letters, ({ key, letter }) => ({ key, text: JSON.stringify(letter) }), tail);
}

/**
 * In as many pieces as it takes, in order. The texts of a piece are packed before the next ones are made: the collector would carry
 * those of a whole commit along.
 */
function* appending<T>(topic: string, records: readonly T[], textOf: (record: T) => KeyedText, tail: Tail): Sliced<RecordsToAppend[]> {
  const isDue = createPace();
  const pieces: RecordsToAppend[] = [];
  let piece: KeyedText[] = [];
  let chars = 0;
  for (const record of records) {
    const made = textOf(record);
    piece.push(made);
    chars += made.text.length;
    if (isDue()) yield;
    if (piece.length < PIECE_RECORDS && chars < PIECE_CHARS) continue;
    pieces.push(...packed(topic, tail.missing(piece)));
    piece = [];
    chars = 0;
    yield;
  }
  pieces.push(...packed(topic, tail.missing(piece)));
  return pieces;
}

function packed(topic: string, texts: readonly KeyedText[]): RecordsToAppend[] {
  if (texts.length === 0) return [];
  const records = packRecords(
    texts.map(({ text }) => text),
    texts.map(({ key }) => key),
  );
  return [{ topic, partition: 0, ...records }];
}

function windowRecordKey(record: WindowRecord): string {
  return record.kind === 'row' ? `${record.window}/${JSON.stringify(record.labels)}` : `${record.window}/closed`;
}
