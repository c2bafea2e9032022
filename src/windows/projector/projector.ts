/**
 * A decoder that goes over the bytes of JSON records once and makes nothing of what nobody asked for. It says of a record only what it
 * is sure of: that it is accepted, with its columns, or ignored. Whatever else, or doubtful, it hands to the reference decoder
 * (decode/decoder.ts), whose verdict is the right one by definition; so it knows no reason of a fault. The work on bytes is the kernel's
 * (`kernel/projector`); here batches are brought to it, labels get their codes, and doubts are handed over.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { ACCEPTED, IGNORED } from '../../core/outcome.ts';
import { isKernelFault } from '../../core/wasm-kernel.ts';
import type { RecordBatch } from '../../log/log.ts';
import type { Columns, Decoder } from '../decode/columns.ts';
import { LABEL_VALUES_MAX } from '../decode/decoder.ts';
import type { IdKey } from '../ids/hash.ts';
import type { Plan } from '../plan.ts';
import { heavyKey } from '../sketches/heavy-hitters.ts';
import type { SourceSpec } from '../spec.ts';
import { handOver } from './hand-over.ts';
import { ownColumns, viewColumns } from './kernel-columns.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { LABEL_SLOT, tellPlan } from './kernel-plan.ts';
import { createLabelCodes } from './label-codes.ts';
import type { Projection } from './projection.ts';

export interface ProjectorDeps {
  /** Of its own. */
  readonly memory: KernelMemory;
  /** The decoder of the same source that judges what the projector is not sure of. */
  readonly reference: Decoder;
  readonly idKey: IdKey;
  /** After a batch that was nearly all doubtful, so many are handed over whole; default 15. */
  readonly batchesHandedOver?: number;
  /** Told once, when the kernel gets no more memory: from then on the reference reads everything. */
  readonly onKernelLost?: () => void;
}

/** For outcomes: the kernel has not decided (`kernel/projector/record.ts`). */
const DOUBTFUL = 255;
/** And shall not. */
const WITHHELD = 254;
/** A batch is nearly all doubtful where more than this share of it is. */
const DOUBT_SHARE_MAX = 0.75;
const BATCHES_HANDED_OVER = 15;
/** Bytes brought to the kernel at a time, as long as no record is longer: what stays in the processor's cache. */
const CHUNK_BYTES = 65_536;
/** Behind a chunk. */
const FREE_BYTES = 32;

export function createProjector(plan: Plan, source: SourceSpec, projection: Projection, deps: ProjectorDeps): Decoder {
  const { dimensions, feeds } = projection;
  const { kernel, text } = deps.memory;
  const { maxRecordBytes } = plan.spec.limits;
  const told = tellPlan(deps.memory, projection, source, deps.idKey, maxRecordBytes);
  const labels = dimensions.map(() => createLabelCodes());
  /** Keys of heavy hitters, by field and entry. */
  const keys = new Map(feeds.flatMap(({ adds, field }) => (adds === 'text' ? [[field, [] as string[]]] : [])));
  const columnsWanted = { hasIds: projection.id !== undefined, dimensions: dimensions.length, feeds };
  let capacity = 0;
  let columns = viewColumns(kernel, 0, columnsWanted);
  let input = 0;
  let inputBytes = 0;
  let doubtful = new Int32Array(0);
  let generation = 0;
  let handedOverNext = 0;
  let isKernelLost = false;

  function textOf(field: number, entry: number): string {
    const at = kernel.entryAddress(field, entry);
    return text(at, at + kernel.entryLength(field, entry));
  }

  /** As the reference does it: values come and go without end. */
  function forgetLabels(): void {
    if (!isKernelLost) for (const field of told.trim()) keys.get(field)?.splice(0);
    if (labels.every(({ texts }) => texts.length <= LABEL_VALUES_MAX)) return;
    generation++;
    for (const one of labels) one.clear();
    if (!isKernelLost) for (const field of dimensions) kernel.forgetSlot(field, LABEL_SLOT);
  }

  function makeRoom(count: number): void {
    if (count <= capacity) return;
    capacity = Math.max(count, capacity * 2);
    kernel.allocateColumns(capacity);
    doubtful = new Int32Array(capacity);
    columns = viewColumns(kernel, capacity, columnsWanted);
  }

  /** Whatever grew the kernel's memory: what it holds is the same. */
  function renewViews(): void {
    if (columns.outcomes.buffer !== kernel.memory.buffer) columns = viewColumns(kernel, capacity, columnsWanted);
  }

  /** Decides what it can of the batch; how many records are in `doubtful`. */
  function projectAll(batch: RecordBatch): number {
    const isAllAscii = withhold(batch);
    let first = 0;
    let newLabels = 0;
    while (first < batch.count) {
      const start = first === 0 ? 0 : batch.ends[first - 1]!;
      let last = first + 1;
      while (last < batch.count && batch.ends[last]! - start <= CHUNK_BYTES) last++;
      const end = batch.ends[last - 1]!;
      // What is longer is left to the reference.
      if (last > first + 1 || end - start <= maxRecordBytes) {
        bring(batch.bytes, start, end);
        newLabels += kernel.decode(input - start, first, last, Number(isAllAscii));
        renewViews();
      }
      first = last;
    }
    if (newLabels > 0) codeLabels(batch.count);
    for (let f = 0; f < feeds.length; f++) if (columns.entries[f]) writeKeys(f, batch.count);
    let doubts = 0;
    for (let i = 0; i < batch.count; i++) if (columns.outcomes[i]! >= WITHHELD) doubtful[doubts++] = i;
    return doubts;
  }

  /** Notes what the kernel need not see, or must not; whether all is ASCII. */
  function withhold({ bytes, count, ends, tombstones }: RecordBatch): boolean {
    columns.ends.set(ends.length === count ? ends : ends.subarray(0, count));
    columns.outcomes.fill(DOUBTFUL, 0, count);
    if (tombstones) for (let i = 0; i < count; i++) if (tombstones[i] === 1) columns.outcomes[i] = IGNORED;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (isAscii(buffer)) return true;
    // Where the whole is UTF-8, so is each record that begins and ends with a brace.
    if (isUtf8(buffer)) return false;
    for (let i = 0; i < count; i++) {
      const isValid = isUtf8(buffer.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]));
      if (!isValid && columns.outcomes[i] === DOUBTFUL) columns.outcomes[i] = WITHHELD;
    }
    return false;
  }

  /** Copies the bytes at [start, end) to `input`. */
  function bring(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > inputBytes) {
      inputBytes = Math.max(CHUNK_BYTES, length, inputBytes * 2);
      input = kernel.take(inputBytes + FREE_BYTES);
      renewViews();
    }
    new Uint8Array(kernel.memory.buffer, input, length).set(bytes.subarray(start, end));
  }

  /** Labels that the kernel had no code for stand there as -1 - entry. */
  function codeLabels(count: number): void {
    for (let d = 0; d < dimensions.length; d++) {
      const codes = columns.dimensions[d]!;
      for (let i = 0; i < count; i++) {
        if (codes[i]! >= 0 || columns.outcomes[i] !== ACCEPTED) continue;
        const entry = -1 - codes[i]!;
        codes[i] = labels[d]!.codeOf(textOf(dimensions[d]!, entry));
        kernel.noteEntry(dimensions[d]!, entry, LABEL_SLOT, codes[i]!);
      }
    }
  }

  /** The texts of heavy hitters, from their entries. */
  function writeKeys(f: number, count: number): void {
    const { field } = feeds[f]!;
    const known = keys.get(field)!;
    const { values, texts } = columns.contributions[f]!;
    for (let i = 0; i < count; i++) {
      if (columns.outcomes[i] !== ACCEPTED || values[i] !== 1) continue;
      const entry = columns.entries[f]![i]!;
      texts![i] = known[entry] ??= heavyKey(textOf(field, entry));
    }
  }

  /** Without the kernel: from then on the reference reads everything. */
  function doubtAllElsewhere(count: number): number {
    forgetLabels();
    if (count > capacity) {
      capacity = Math.max(count, capacity * 2);
      doubtful = new Int32Array(capacity);
      columns = ownColumns(capacity, columnsWanted);
    }
    columns.reasons.clear();
    return doubtAll(count);
  }

  function judgedWith(doubts: number, batch: RecordBatch): Columns {
    const { ends: _, entries: __, ...all } = columns;
    const judged = { ...all, count: batch.count };
    if (doubts > 0) handOver(deps.reference, batch, doubtful, doubts, judged, labels);
    return judged;
  }

  function doubtAll(count: number): number {
    for (let i = 0; i < count; i++) doubtful[i] = i;
    return count;
  }

  return {
    labelValues: labels.map(({ texts }) => texts),
    get generation() {
      return generation;
    },
    decode(batch): Columns {
      if (isKernelLost) return judgedWith(doubtAllElsewhere(batch.count), batch);
      try {
        forgetLabels();
        renewViews();
        makeRoom(batch.count);
        columns.reasons.clear();
        const doubts = handedOverNext > 0 ? doubtAll(batch.count) : projectAll(batch);
        if (handedOverNext > 0) handedOverNext--;
        else if (doubts > batch.count * DOUBT_SHARE_MAX) handedOverNext = deps.batchesHandedOver ?? BATCHES_HANDED_OVER;
        return judgedWith(doubts, batch);
      } catch (error) {
        if (!isKernelFault(error)) throw error;
        isKernelLost = true;
        deps.onKernelLost?.();
        capacity = 0;
        return judgedWith(doubtAllElsewhere(batch.count), batch);
      }
    },
  };
}
