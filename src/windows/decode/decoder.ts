/**
 * The reference decoder: each record becomes an object (JSON.parse, or a parsed log line), is checked against the
 * event's schema, and leaves its columns behind. Its verdicts define what a faster decoder must yield.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { ACCEPTED, IGNORED, INVALID } from '../../core/outcome.ts';
import type { RecordBatch } from '../../log/log.ts';
import { allocateColumns } from './column-arrays.ts';
import type { Columns, Decoder } from './columns.ts';
import { isWanted } from '../condition.ts';
import { parseEventTime } from './event-time.ts';
import { createIdHasher, type IdKey } from '../ids/hash.ts';
import { heavyKey } from '../sketches/heavy-hitters.ts';
import type { Plan } from '../plan.ts';
import type { Condition, Scalar, SourceSpec, Wanted } from '../spec.ts';

type Fields = Record<string, unknown>;

/** The text of one record as an object, or why it is none (`bad_json`, `not_object`, `bad_line`). Never throws. */
export type ParseRecord = (text: string) => Fields | string;

/** Undefined where the object is a valid event by its schema, else the reason: `schema_version`, `too_deep`, `missing:f`, `type:f`, `value:f`, `schema:keyword`. */
export type CheckFields = (fields: Fields) => string | undefined;

export interface DecoderDeps {
  readonly parse: ParseRecord;
  readonly check?: CheckFields;
  /** Of the partition's id hash; random, kept in its state. */
  readonly idKey: IdKey;
}

/** Values of one dimension that are held at a time. */
export const LABEL_VALUES_MAX = 200_000;

/** Distinct values are hashed alike in every partition and for ever, or sketches could not be merged. */
export const DISTINCT_KEY: IdKey = [0x746f6373, 0x696e0001];

export function createDecoder(plan: Plan, source: SourceSpec, deps: DecoderDeps): Decoder {
  const { event, lookups } = source;
  const { maxRecordBytes } = plan.spec.limits;
  const idHasher = createIdHasher(deps.idKey);
  const distinctHasher = createIdHasher(DISTINCT_KEY);
  const picker = createPicker();
  const idField = event.id === undefined ? undefined : picker.pick(event.id);
  const timeField = picker.pick(event.time);
  const dimensions = plan.spec.dimensions.map((name) => ({
    name,
    field: picker.pick(name),
    codes: new Map<string, number>(),
    texts: [] as string[],
  }));
  const where = source.where.map((condition) => onPicked(condition, picker));
  const fed = plan.columns
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => column.source === source.name && column.outcomes === undefined)
    .map(({ column, index }) => ({
      column,
      index,
      field: column.field === undefined ? undefined : picker.pick(column.field),
      where: column.where.map((condition) => onPicked(condition, picker)),
    }));
  const tables = lookups.map((lookup) => ({ ...lookup, entries: new Map(Object.entries(lookup.table)) }));
  const fieldOrder = fieldOrderOf(source.schema);
  const versionField = source.versions && picker.pick(source.versions.field);
  const versionOrders = new Map(source.versions?.schemas.map(({ version, schema }) => [version, fieldOrderOf(schema)]));
  const values = picker.values;
  let columns = allocateColumns(plan, source, 0);
  let generation = 0;

  /** The outcome that the record alone decides; its columns are filled where that is ACCEPTED. */
  function decodeRecord(fields: Fields | string, i: number): number {
    if (typeof fields === 'string') return invalid(i, fields);
    picker.take(fields);
    for (let w = 0; w < where.length; w++) if (clearlyFails(where[w]!, values)) return IGNORED;
    let wanted = holdAll(where, values);
    // The schema speaks of the event as it was sent: one that allows no further fields knows none of those looked up.
    const bySchema = deps.check?.(fields);
    if (tables.length > 0) {
      for (const { by, field, entries } of tables) {
        const key = own(fields, by);
        const value = isScalar(key) ? entries.get(String(key)) : undefined;
        if (value !== undefined) fields[field] = value;
        else if (isScalar(key) && key !== null) return IGNORED;
        else wanted = false;
      }
      picker.take(fields);
    }
    const fault = faultOf(bySchema, i);
    if (fault !== undefined) return invalid(i, fault);
    if (!wanted) return IGNORED;
    for (let d = 0; d < dimensions.length; d++) {
      const value = values[dimensions[d]!.field];
      const label = typeof value === 'string' ? value : labelText(value);
      columns.dimensions[d]![i] = codeOf(dimensions[d]!, label);
    }
    for (let c = 0; c < fed.length; c++) if (!contribute(c, i)) return invalid(i, noNumber(fed[c]!));
    return ACCEPTED;
  }

  function invalid(i: number, reason: string): number {
    columns.reasons.set(i, reason);
    return INVALID;
  }

  /** The first fault in the order of the schema's properties; what the engine itself needs (id, time, labels) comes in there. */
  function faultOf(bySchema: string | undefined, i: number): string | undefined {
    if (bySchema === undefined) return engineFault(i);
    // Of an event whose version is not known, or that is nested too deep, nothing else can be said.
    if (!bySchema.includes(':')) return bySchema;
    const byEngine = engineFault(i);
    return byEngine !== undefined && orderOf(byEngine) < orderOf(bySchema) ? byEngine : bySchema;
  }

  function orderOf(reason: string): number {
    const order = versionField === undefined ? fieldOrder : versionOrders.get(String(values[versionField]));
    return order?.get(reason.slice(reason.indexOf(':') + 1)) ?? Infinity;
  }

  function engineFault(i: number): string | undefined {
    const idFault = idField === undefined ? undefined : takeId(values[idField], i);
    const timeFault = takeTime(values[timeField], i);
    if (idFault !== undefined || timeFault !== undefined) {
      return idFault === undefined || (timeFault !== undefined && orderOf(timeFault) < orderOf(idFault)) ? timeFault : idFault;
    }
    for (let d = 0; d < dimensions.length; d++) {
      const value = values[dimensions[d]!.field];
      if (typeof value === 'object' && value !== null) return `type:${dimensions[d]!.name}`;
    }
    return undefined;
  }

  function takeId(value: unknown, i: number): string | undefined {
    const id = idText(value);
    if (id === undefined) return `${value === undefined ? 'missing' : typeof value === 'number' ? 'value' : 'type'}:${event.id}`;
    const hash = idHasher.hash(id);
    columns.ids!.low[i] = hash.low;
    columns.ids!.high[i] = hash.high;
    if (columns.ids!.texts) columns.ids!.texts[i] = id;
    return undefined;
  }

  function takeTime(value: unknown, i: number): string | undefined {
    const time = parseEventTime(value, event.timeUnit, event.zoneMs);
    columns.times[i] = time;
    if (time === time) return undefined;
    if (value === undefined) return `missing:${event.time}`;
    const rightType = typeof value === 'string' || (event.timeUnit !== 'iso' && typeof value === 'number');
    return `${rightType ? 'value' : 'type'}:${event.time}`;
  }

  /** False where the record should have a number and has something else: without a word it would be missing in the sum. */
  function contribute(c: number, i: number): boolean {
    const { column, field, where: conditions } = fed[c]!;
    const to = columns.contributions[c]!;
    to.values[i] = NaN;
    if (conditions.length > 0 && !holdAll(conditions, values)) return true;
    if (field === undefined) {
      to.values[i] = 1;
      return true;
    }
    const value = values[field];
    if (value === undefined || value === null) return true;
    if (column.accumulate === 'hll') {
      if (!isScalar(value)) return true;
      to.values[i] = 1;
      const hash = distinctHasher.hash(String(value));
      to.hashes!.low[i] = hash.low;
      to.hashes!.high[i] = hash.high;
    } else if (to.texts) {
      if (!isScalar(value)) return true;
      to.values[i] = 1;
      to.texts[i] = heavyKey(String(value));
    } else {
      if (typeof value !== 'number' || !Number.isFinite(value)) return false;
      // + 0 makes -0 a plain 0: a minimum must not depend on which of two equal values came first.
      to.values[i] = column.counts ? 1 : value + 0;
    }
    return true;
  }

  /** 1e400 is a number, and none to add up. */
  function noNumber({ column, field }: (typeof fed)[number]): string {
    return `${typeof values[field!] === 'number' ? 'value' : 'type'}:${column.field}`;
  }

  /** Values come and go without end (also those of events that are not accepted); what was seen long ago is not kept for ever. */
  function forgetLabels(): void {
    if (dimensions.every(({ texts }) => texts.length <= LABEL_VALUES_MAX)) return;
    generation++;
    for (const { codes, texts } of dimensions) {
      codes.clear();
      texts.length = 0;
    }
  }

  return {
    labelValues: dimensions.map((dimension) => dimension.texts),
    get generation() {
      return generation;
    },
    decode(batch): Columns {
      forgetLabels();
      if (batch.count > columns.capacity) columns = allocateColumns(plan, source, Math.max(batch.count, columns.capacity * 2));
      columns.reasons.clear();
      const parse = parserOf(batch, deps.parse);
      for (let i = 0; i < batch.count; i++) {
        const from = i === 0 ? 0 : batch.ends[i - 1]!;
        const to = batch.ends[i]!;
        let outcome: number;
        if (batch.tombstones?.[i] === 1 || isBlank(batch.bytes, from, to)) outcome = IGNORED;
        else if (to - from > maxRecordBytes) outcome = invalid(i, 'too_long');
        else outcome = decodeRecord(parse(from, to), i);
        columns.outcomes[i] = outcome;
      }
      return { ...columns, count: batch.count };
    },
  };
}

function fieldOrderOf(schema: SourceSpec['schema']): ReadonlyMap<string, number> {
  return new Map(Object.keys((schema?.['properties'] as object | undefined) ?? {}).map((field, index) => [field, index]));
}

/** Reads each field that anyone wants once per record. */
function createPicker() {
  const names: string[] = [];
  const inherited: boolean[] = [];
  const values: unknown[] = [];
  return {
    /** Of the record taken last, by the index that `pick` gave; undefined where the record has no such field. */
    values,
    pick(name: string): number {
      const known = names.indexOf(name);
      if (known >= 0) return known;
      inherited.push(name in Object.prototype);
      values.push(undefined);
      return names.push(name) - 1;
    },
    take(fields: Fields): void {
      for (let f = 0; f < names.length; f++) values[f] = inherited[f] ? own(fields, names[f]!) : fields[names[f]!];
    },
  };
}

interface PickedCondition {
  readonly field: number;
  readonly anyOf: readonly Wanted[];
}

function onPicked({ field, anyOf }: Condition, picker: { pick(name: string): number }): PickedCondition {
  return { field: picker.pick(field), anyOf };
}

/** Parses the record that stands at [from, to) of the batch's bytes. */
function parserOf(batch: RecordBatch, parse: ParseRecord): (from: number, to: number) => Fields | string {
  const buffer = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  if (isAscii(buffer)) {
    const text = buffer.toString('latin1');
    return (from, to) => parse(text.slice(from, to));
  }
  const valid = isUtf8(buffer);
  return (from, to) => {
    // In valid UTF-8 a cut is between characters when what follows is no continuation byte.
    const wholeCharacters = valid && !isContinuation(buffer[from]) && !isContinuation(buffer[to]);
    if (!wholeCharacters && !isUtf8(buffer.subarray(from, to))) return 'bad_utf8';
    return parse(buffer.toString('utf8', from, to));
  };
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Empty, or nothing but spaces, tabs and carriage returns. */
function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}

/** Numbers and truth values by their text; what is not there is empty. Objects do not come this far. */
function labelText(value: unknown): string {
  return value === null || !isScalar(value) ? '' : String(value);
}

/** Undefined for what cannot name an event. Whole numbers beyond 2^53 are rounded when JSON is read: different ids would be one. */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** A field of the object itself: not what every object inherits (`constructor`, `__proto__`). */
export function own(fields: Readonly<Fields>, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function holds({ field, anyOf }: PickedCondition, values: readonly unknown[]): boolean {
  return isWanted(anyOf, values[field]);
}

function holdAll(conditions: readonly PickedCondition[], values: readonly unknown[]): boolean {
  for (let c = 0; c < conditions.length; c++) if (!holds(conditions[c]!, values)) return false;
  return true;
}

/** Filtered out whatever else is wrong with it. A field that is absent or no scalar may be a fault: that is judged first. */
function clearlyFails(condition: PickedCondition, values: readonly unknown[]): boolean {
  return isScalar(values[condition.field]) && !holds(condition, values);
}

function codeOf(dictionary: { codes: Map<string, number>; texts: string[] }, text: string): number {
  let code = dictionary.codes.get(text);
  if (code === undefined) {
    code = dictionary.texts.push(text) - 1;
    dictionary.codes.set(text, code);
  }
  return code;
}

/** One JSON text that is an object. */
export const parseJson: ParseRecord = (text) => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'bad_json';
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : 'not_object';
};
