/**
 * Which field is wrong first, and how. Understands the flat schemas of the tests only, and throws on a keyword that it
 * does not know: an oracle must not let anything pass because it does not understand it.
 */
import type { Condition, MeasureSpec, SourceSpec } from '../../src/windows/spec.ts';
import { eventTimeOf, holds, own, type Fields } from './record.ts';

/**
 * `missing:f`, `type:f` or `value:f` of the first failing field, else `schema:additionalProperties`; undefined where the record is valid.
 * The schema judges the fields as they were sent, the engine those with what was looked up.
 */
export type Check = (sent: Fields, joined: Fields) => string | undefined;

/** `type:f` or `value:f`; undefined where all numbers are there. */
export type NumberCheck = (joined: Fields) => string | undefined;

type Fault = 'missing' | 'type' | 'value' | undefined;
type Property = Readonly<Record<string, unknown>>;

const SCHEMA_KEYS = ['$schema', '$id', 'title', 'description', 'type', 'properties', 'required', 'additionalProperties'];
const PROPERTY_KEYS = ['type', 'description', 'enum', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'format'];

/** The fields of the schema in its order, then what the engine needs whatever the schema says: id, time, and labels that are scalars. */
export function checkOf(source: SourceSpec, dimensions: readonly string[]): Check {
  const { versions } = source;
  if (!versions) return checkBySchema(source.schema ?? {}, source, dimensions);
  const checks = Object.fromEntries(versions.schemas.map(({ version, schema }) => [version, checkBySchema(schema, source, dimensions)]));
  return (sent, joined) => {
    const version = own(sent, versions.field);
    const check = typeof version === 'string' || typeof version === 'number' ? own(checks, String(version)) : undefined;
    return check === undefined ? 'schema_version' : (check as Check)(sent, joined);
  };
}

/** Of a record that counts: what a measure takes the number of is one, where it is there and not null. The first measure's fault is told. */
export function numberCheckOf(source: SourceSpec, measures: readonly MeasureSpec[]): NumberCheck {
  const numeric = measures
    .filter((measure) => ['sum', 'min', 'max', 'average', 'quantile'].includes(measure.kind))
    .map((measure) => measure as MeasureSpec & { source: string; field: string; where: readonly Condition[] })
    .filter((measure) => measure.source === source.name);
  return (fields) => {
    for (const { field, where } of numeric) {
      const value = own(fields, field) ?? null;
      if (value === null || Number.isFinite(value) || !where.every((condition) => holds(fields, condition))) continue;
      return `${typeof value === 'number' ? 'value' : 'type'}:${field}`;
    }
    return undefined;
  };
}

function checkBySchema(schema: Readonly<Record<string, unknown>>, source: SourceSpec, dimensions: readonly string[]): Check {
  for (const key of Object.keys(schema)) if (!SCHEMA_KEYS.includes(key)) throw new Error(`the oracle does not know schema keyword ${key}`);
  if ((schema['type'] ?? 'object') !== 'object') throw new Error('the oracle knows only schemas of objects');
  const further = schema['additionalProperties'] ?? true;
  if (typeof further !== 'boolean') throw new Error('the oracle knows no rules for further fields');
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Property>>;
  for (const property of Object.values(properties)) {
    for (const key of Object.keys(property)) if (!PROPERTY_KEYS.includes(key)) throw new Error(`the oracle does not know keyword ${key}`);
  }
  const required = (schema['required'] ?? []) as readonly string[];
  const { id, time } = source.event;
  const names = new Set([...Object.keys(properties), ...required, ...(id === undefined ? [] : [id]), time, ...dimensions]);

  const schemaFault = (name: string, value: unknown): Fault => {
    if (value === undefined) return required.includes(name) ? 'missing' : undefined;
    return propertyFault(properties[name] ?? {}, value);
  };
  const engineFault = (name: string, value: unknown): Fault => {
    if (value === undefined) return name === id || name === time ? 'missing' : undefined;
    if (name === id && typeof value === 'number') {
      if (!Number.isSafeInteger(value)) return 'value';
    } else if (name === id && typeof value !== 'string') return 'type';
    if (name === time) {
      const parsed = eventTimeOf(value, source.event);
      if (typeof parsed === 'string') return parsed;
    }
    if (dimensions.includes(name) && typeof value === 'object' && value !== null) return 'type';
    return undefined;
  };

  return (sent, joined) => {
    for (const name of names) {
      const fault = schemaFault(name, own(sent, name)) ?? engineFault(name, own(joined, name));
      if (fault) return `${fault}:${name}`;
    }
    const isFurther = (name: string) => !Object.hasOwn(properties, name);
    return !further && Object.keys(sent).some(isFurther) ? 'schema:additionalProperties' : undefined;
  };
}

function propertyFault(property: Property, value: unknown): Fault {
  if (property['type'] !== undefined) {
    const types = [property['type']].flat() as string[];
    if (!types.some((type) => isOfType(type, value))) return 'type';
  }
  if (property['enum'] !== undefined && !(property['enum'] as unknown[]).includes(value)) return 'value';
  if (typeof value === 'string') {
    const codePoints = [...value].length;
    if (codePoints < ((property['minLength'] as number | undefined) ?? 0)) return 'value';
    if (codePoints > ((property['maxLength'] as number | undefined) ?? Infinity)) return 'value';
    if (property['pattern'] !== undefined && !new RegExp(property['pattern'] as string, 'u').test(value)) return 'value';
  }
  if (typeof value === 'number') {
    if (value < ((property['minimum'] as number | undefined) ?? -Infinity)) return 'value';
    if (value > ((property['maximum'] as number | undefined) ?? Infinity)) return 'value';
  }
  return undefined;
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}
