/** Late and invalid records on their way to the dead-letter topic. */
import { isUtf8 } from 'node:buffer';
import { INVALID, LATE } from '../core/outcome.ts';
import { recordAt } from '../log/batch.ts';
import type { RecordBatch } from '../log/log.ts';
import { originKey, type DeadLetter } from './dead-letter.ts';

/** The verdicts on a batch, as far as dead letters need them. */
export interface Verdicts {
  readonly outcomes: Uint8Array;
  readonly reasons: ReadonlyMap<number, string>;
  readonly times: Float64Array;
  readonly lateBy: ReadonlyMap<number, number>;
}

export interface LetterOptions {
  readonly revision: number;
  /** The log's append times mean something here. */
  readonly withAppendTime: boolean;
  /** Of the window that ends first among those of an event time. */
  readonly windowStart: (time: number) => number;
  /** Payloads beyond are cut. */
  readonly maxRecordBytes: number;
  /** What was expected of a record that is late, or invalid for this reason, in words. */
  readonly explain?: (reason: string, text: string) => string | undefined;
}

/** The dead letters of a batch, in order, each with its key. */
export function deadLettersOf(
  batch: RecordBatch,
  { outcomes, reasons, times, lateBy }: Verdicts,
  options: LetterOptions,
): { key: string; letter: DeadLetter }[] {
  const letters: { key: string; letter: DeadLetter }[] = [];
  if (reasons.size === 0 && lateBy.size === 0) return letters;
  for (let i = 0; i < batch.count; i++) {
    if (outcomes[i] !== INVALID && outcomes[i] !== LATE) continue;
    const offset = batch.firstOffset + i;
    const bytes = recordAt(batch, i);
    const watermark = lateBy.get(i);
    const reason = watermark === undefined ? reasons.get(i)! : 'late';
    const payload = payloadOf(bytes, options.maxRecordBytes);
    const detail = detailOf(options, reason, payload.payload ?? '');
    letters.push({
      key: originKey(batch.topic, batch.partition, offset),
      letter: {
        topic: batch.topic,
        partition: batch.partition,
        offset,
        outcome: watermark === undefined ? 'invalid' : 'late',
        reason,
        ...(detail !== undefined && { detail }),
        revision: options.revision,
        ...(options.withAppendTime && { append_time: iso(batch.appendTimes[i]!) }),
        ...(watermark !== undefined && {
          event_time: iso(times[i]!),
          watermark: iso(watermark),
          window_start: iso(options.windowStart(times[i]!)),
        }),
        ...payload,
      },
    });
  }
  return letters;
}

/** A text for people never keeps a record from its letter: what `explain` throws leaves the letter without one. */
function detailOf({ explain }: LetterOptions, reason: string, text: string): string | undefined {
  try {
    return explain?.(reason, text);
  } catch {
    return undefined;
  }
}

function payloadOf(bytes: Uint8Array, maxBytes: number): Pick<DeadLetter, 'payload' | 'payload_base64' | 'truncated_from_bytes'> {
  const cut = bytes.length > maxBytes;
  const kept = Buffer.from(cut ? bytes.subarray(0, maxBytes) : bytes);
  return {
    ...(isUtf8(kept) ? { payload: kept.toString('utf8') } : { payload_base64: kept.toString('base64') }),
    ...(cut && { truncated_from_bytes: bytes.length }),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
