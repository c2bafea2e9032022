/** The records of a batch that the projector is not sure of, given to the reference decoder as one batch, and what it says of them. */
import { ACCEPTED } from '../../core/outcome.ts';
import type { RecordBatch } from '../../log/log.ts';
import type { Columns, Decoder } from '../decode/columns.ts';
import type { LabelCodes } from './label-codes.ts';

/** @param records indexes into the batch, ascending; the first `count` of them */
export function handOver(
  reference: Decoder,
  batch: RecordBatch,
  records: Int32Array,
  count: number,
  into: Columns,
  labels: readonly LabelCodes[],
): void {
  const judged = reference.decode(count === batch.count ? batch : pickRecords(batch, records, count));
  for (let k = 0; k < count; k++) {
    const i = records[k]!;
    const reason = judged.reasons.get(k);
    into.outcomes[i] = judged.outcomes[k]!;
    if (reason !== undefined) into.reasons.set(i, reason);
    if (judged.outcomes[k] !== ACCEPTED) continue;
    into.times[i] = judged.times[k]!;
    if (into.ids && judged.ids) {
      into.ids.low[i] = judged.ids.low[k]!;
      into.ids.high[i] = judged.ids.high[k]!;
    }
    for (let d = 0; d < labels.length; d++) {
      into.dimensions[d]![i] = labels[d]!.codeOf(reference.labelValues[d]![judged.dimensions[d]![k]!]!);
    }
    for (let c = 0; c < into.contributions.length; c++) {
      const to = into.contributions[c]!;
      const from = judged.contributions[c]!;
      to.values[i] = from.values[k]!;
      if (to.hashes && from.hashes) {
        to.hashes.low[i] = from.hashes.low[k]!;
        to.hashes.high[i] = from.hashes.high[k]!;
      }
      if (to.texts && from.texts) to.texts[i] = from.texts[k]!;
    }
  }
}

function pickRecords(batch: RecordBatch, records: Int32Array, count: number): RecordBatch {
  const ends = new Uint32Array(count);
  let end = 0;
  for (let k = 0; k < count; k++) ends[k] = end += batch.ends[records[k]!]! - startOf(batch, records[k]!);
  const bytes = new Uint8Array(end);
  for (let k = 0; k < count; k++) {
    const i = records[k]!;
    bytes.set(batch.bytes.subarray(startOf(batch, i), batch.ends[i]), k === 0 ? 0 : ends[k - 1]!);
  }
  const { topic, partition, firstOffset } = batch;
  return { topic, partition, firstOffset, count, bytes, ends, appendTimes: new Float64Array(count) };
}

function startOf(batch: RecordBatch, i: number): number {
  return i === 0 ? 0 : batch.ends[i - 1]!;
}
