/**
 * A decoder that goes over the bytes of JSON records once and makes nothing of what nobody asked for. It says of a record only what it
 * is sure of: that it is accepted, with its columns, or ignored. Whatever else, or doubtful, it hands to the reference decoder
 * (decoder.ts), whose verdict is the right one by definition; so it knows no reason of a fault.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { ACCEPTED, IGNORED } from '../../core/outcome.ts';
import type { RecordBatch } from '../../log/log.ts';
import { allocateColumns } from '../column-arrays.ts';
import type { Columns, Decoder } from '../columns.ts';
import { DISTINCT_KEY, LABEL_VALUES_MAX } from '../decoder.ts';
import { parseEventTime } from '../event-time.ts';
import { createIdHasher, type IdKey } from '../id-hash.ts';
import type { Plan } from '../plan.ts';
import { heavyKey } from '../sketches/heavy-hitters.ts';
import type { SourceSpec } from '../spec.ts';
import { createCodedFields } from './coded-fields.ts';
import { createDemandCheck } from './event-demand.ts';
import { handOver } from './hand-over.ts';
import { createByteHasher } from './id-hash-bytes.ts';
import { ABSENT, ESCAPED, FALSE, NUMBER, TEXT, TRUE } from './json-kinds.ts';
import { digitsAt } from './number-bytes.ts';
import { createLabelCodes } from './label-codes.ts';
import type { Projection } from './projection.ts';
import { createScanner, NOT_SURE } from './scanner.ts';
import { createTimeReader } from './time-bytes.ts';

export interface ProjectorDeps {
  /** The decoder of the same source that judges what the projector is not sure of. */
  readonly reference: Decoder;
  readonly idKey: IdKey;
  /** After a batch that was nearly all doubtful, so many are handed over whole; default 15. */
  readonly batchesHandedOver?: number;
}

/** For outcomes: none yet. */
const DOUBTFUL = 255;
/** A batch is nearly all doubtful where more than this share of it is. */
const DOUBT_SHARE_MAX = 0.75;
const BATCHES_HANDED_OVER = 15;

export function createProjector(plan: Plan, source: SourceSpec, projection: Projection, deps: ProjectorDeps): Decoder {
  const { id: idField, time: timeField, dimensions, where, lookups, feeds, version } = projection;
  const { timeUnit } = source.event;
  const { maxRecordBytes } = plan.spec.limits;
  const seed = deps.idKey[0] ^ deps.idKey[1];
  const scanner = createScanner(projection.names, seed);
  const { kinds, starts, ends, numbers } = scanner;
  const coded = createCodedFields(projection, seed, scanner);
  const { bits } = coded;
  const isoField = timeUnit === 'iso' ? timeField : undefined;
  const demands = projection.demands.map((demand) => createDemandCheck(demand, projection.names.length, isoField));
  const labels = dimensions.map(() => createLabelCodes());
  const times = createTimeReader();
  const idHasher = createByteHasher(deps.idKey);
  const distinctHasher = createByteHasher(DISTINCT_KEY);
  const distinctTextHasher = createIdHasher(DISTINCT_KEY);
  const empty = new Uint8Array(0);
  const at = { bytes: empty, view: new DataView(empty.buffer), ascii: true };
  let columns = allocateColumns(plan, source, 0);
  let values = columns.contributions.map((one) => one.values);
  let doubtful = new Int32Array(0);
  let generation = 0;
  let handedOverNext = 0;

  /** ACCEPTED, IGNORED or DOUBTFUL. */
  function project(i: number, from: number, to: number): number {
    const scan = scanner.scan(from, to);
    if (scan === NOT_SURE || !coded.resolveFirst(at)) return DOUBTFUL;
    let wanted = true;
    for (let w = 0; w < where.length; w++) {
      const { field, bit } = where[w]!;
      if (((bits[field]! >>> bit) & 1) === 1) continue;
      // A field that is absent may be a fault: that is judged first.
      if (kinds[field] !== ABSENT) return IGNORED;
      wanted = false;
    }
    for (let l = 0; l < lookups.length; l++) {
      const { by, field } = lookups[l]!;
      if (kinds[by] !== TEXT || kinds[field] !== ABSENT) return DOUBTFUL;
      if (!coded.join(l)) return IGNORED;
    }
    if (!coded.resolveRest(at)) return DOUBTFUL;
    const demand = version === undefined ? 0 : coded.versionOf(version.field);
    if (demand < 0 || !demands[demand]!.holds(scanner, scan, bits, at)) return DOUBTFUL;
    if (idField !== undefined && kinds[idField] !== TEXT) return DOUBTFUL;
    const time = timeAt();
    if (time !== time) return DOUBTFUL;
    if (!wanted) return IGNORED;
    columns.times[i] = time;
    if (idField !== undefined) {
      const { low, high } = columns.ids!;
      idHasher.hash(at.view, starts[idField]!, ends[idField]!, low, high, i);
    }
    for (let d = 0; d < dimensions.length; d++) columns.dimensions[d]![i] = labelCode(d, dimensions[d]!);
    for (let f = 0; f < feeds.length; f++) if (!contribute(f, i)) return DOUBTFUL;
    return ACCEPTED;
  }

  /** Epoch ms; NaN where the reference has to look. */
  function timeAt(): number {
    const kind = kinds[timeField];
    if (timeUnit !== 'iso' && kind === NUMBER) return parseEventTime(numbers[timeField], timeUnit);
    if (kind !== TEXT) return NaN;
    if (timeUnit === 'iso') return times.read(at.bytes, at.view, starts[timeField]!, ends[timeField]!);
    const digits = digitsAt(at.bytes, starts[timeField]!, ends[timeField]!);
    return parseEventTime(digits >= 0 ? digits : textAt(starts[timeField]!, ends[timeField]!), timeUnit);
  }

  function textAt(from: number, to: number): string {
    return Buffer.from(at.bytes.buffer, at.bytes.byteOffset + from, to - from).toString('utf8');
  }

  function labelCode(d: number, field: number): number {
    const kind = kinds[field]!;
    if (kind === TEXT) {
      const known = coded.labelOf(field);
      return known >= 0 ? known : coded.noteLabel(field, labels[d]!.codeOf(coded.textOf(field)));
    }
    return labels[d]!.codeOf(scalarText(kind, field));
  }

  /** Of anything but a text; what is not there is empty. */
  function scalarText(kind: number, field: number): string {
    if (kind === NUMBER) return String(numbers[field]);
    return kind === TRUE ? 'true' : kind === FALSE ? 'false' : '';
  }

  /** False where it is not sure. */
  function contribute(f: number, i: number): boolean {
    const { adds, field, where: tests } = feeds[f]!;
    const to = values[f]!;
    for (let t = 0; t < tests.length; t++) {
      const test = tests[t]!;
      if (((bits[test.field]! >>> test.bit) & 1) === 1) continue;
      to[i] = NaN;
      return true;
    }
    if (adds === 'one') to[i] = 1;
    // + 0 makes -0 a plain 0, as the reference does.
    else if (adds === 'number') to[i] = kinds[field] === NUMBER ? numbers[field]! + 0 : NaN;
    else if (adds === 'number_is_there') to[i] = kinds[field] === NUMBER ? 1 : NaN;
    else return contributeValue(f, i);
    return true;
  }

  function contributeValue(f: number, i: number): boolean {
    const { adds, field } = feeds[f]!;
    const { hashes, texts } = columns.contributions[f]!;
    const kind = kinds[field]!;
    if (kind === ESCAPED) return false;
    const isScalar = kind === TEXT || kind === NUMBER || kind === TRUE || kind === FALSE;
    values[f]![i] = isScalar ? 1 : NaN;
    if (isScalar && adds === 'hash') hashValue(kind, field, hashes!, i);
    else if (isScalar) texts![i] = heavyKey(kind === TEXT ? coded.textOf(field) : scalarText(kind, field));
    return true;
  }

  function hashValue(kind: number, field: number, { low, high }: NonNullable<Columns['ids']>, i: number): void {
    if (kind === TEXT && !coded.isJoined(field)) {
      distinctHasher.hash(at.view, starts[field]!, ends[field]!, low, high, i);
      return;
    }
    const hash = distinctTextHasher.hash(kind === TEXT ? coded.textOf(field) : scalarText(kind, field));
    low[i] = hash.low;
    high[i] = hash.high;
  }

  /** As the reference does it: values come and go without end. */
  function forgetLabels(): void {
    coded.trim();
    if (labels.every(({ texts }) => texts.length <= LABEL_VALUES_MAX)) return;
    generation++;
    for (const one of labels) one.clear();
    coded.forgetLabels();
  }

  /** Fills the columns; how many records are in `doubtful`. */
  function projectAll(batch: RecordBatch): number {
    const { bytes } = batch;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    at.bytes = bytes as Uint8Array<ArrayBuffer>;
    at.view = new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    at.ascii = isAscii(buffer);
    scanner.load(bytes, at.view);
    // Where the whole is UTF-8, so is each record that begins and ends with a brace.
    const isValid = at.ascii || isUtf8(buffer);
    let doubts = 0;
    for (let i = 0; i < batch.count; i++) {
      const from = i === 0 ? 0 : batch.ends[i - 1]!;
      const to = batch.ends[i]!;
      let outcome = DOUBTFUL;
      if (from === to || batch.tombstones?.[i] === 1) outcome = IGNORED;
      else if (to - from <= maxRecordBytes && (isValid || isUtf8(buffer.subarray(from, to)))) outcome = project(i, from, to);
      if (outcome === DOUBTFUL) doubtful[doubts++] = i;
      else columns.outcomes[i] = outcome;
    }
    return doubts;
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
      forgetLabels();
      if (batch.count > doubtful.length) {
        const capacity = Math.max(batch.count, doubtful.length * 2);
        columns = allocateColumns(plan, source, capacity);
        values = columns.contributions.map((one) => one.values);
        doubtful = new Int32Array(capacity);
      }
      columns.reasons.clear();
      const doubts = handedOverNext > 0 ? doubtAll(batch.count) : projectAll(batch);
      if (handedOverNext > 0) handedOverNext--;
      else if (doubts > batch.count * DOUBT_SHARE_MAX) handedOverNext = deps.batchesHandedOver ?? BATCHES_HANDED_OVER;
      const all = { ...columns, count: batch.count };
      if (doubts > 0) handOver(deps.reference, batch, doubtful, doubts, all, labels);
      return all;
    },
  };
}
