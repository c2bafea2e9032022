/** What is known of a source's fields before the first event: from its JSON Schema, or from its format. */
import type { SchemaField } from '../schemas/schema-fields.ts';
import { isRange } from '../windows/condition.ts';
import type { Condition, Wanted } from '../windows/spec.ts';
import type { Conditions } from './measure-schema.ts';
import { describe, type Path, type Problems } from './problem.ts';

/** By name; undefined: nothing is known, any field may come. */
export type KnownFields = ReadonlyMap<string, SchemaField> | undefined;

const text = (required: boolean): SchemaField => ({ types: ['string'], required });

/** Fields that the combined log decoder makes of a line. */
export const COMBINED_FIELDS: ReadonlyMap<string, SchemaField> = new Map<string, SchemaField>([
  ['host', text(true)],
  ['ident', text(false)],
  ['user', text(false)],
  ['time', text(true)],
  ['method', text(true)],
  ['path', text(true)],
  ['protocol', text(false)],
  ['status', { types: ['integer'], required: true }],
  ['status_class', { types: ['string'], required: true, values: ['1xx', '2xx', '3xx', '4xx', '5xx'] }],
  ['bytes', { types: ['integer'], required: false }],
  ['referer', text(false)],
  ['user_agent', text(false)],
]);

const TYPE_WORDS: Readonly<Record<string, string>> = { string: 'text', number: 'number', integer: 'number', boolean: 'true/false' };

/** That the field exists and may hold one of the JSON types; `types` undefined: any. */
export function checkField(known: KnownFields, field: string, path: Path, problems: Problems, types?: readonly string[]): void {
  if (known === undefined) return;
  const found = known.get(field);
  if (found === undefined) {
    problems.unknown(path, field, 'a field of the event', [...known.keys()]);
  } else if (types !== undefined && found.types !== undefined && !found.types.some((type) => types.includes(type))) {
    const wanted = [...new Set(types.map((type) => TYPE_WORDS[type] ?? type))].join(' or ');
    problems.add(path, `found ${JSON.stringify(field)}, which the schema says is ${found.types.join(' or ')}; expected a ${wanted} field`);
  }
}

/** The block's conditions in the file's order; checks fields, and values where the schema lists them. */
export function resolveConditions(block: Conditions | undefined, known: KnownFields, path: Path, problems: Problems): Condition[] {
  return Object.entries(block ?? {}).map(([field, value]) => {
    const anyOf: Wanted[] = Array.isArray(value) ? value : [value];
    if (known !== undefined && !known.has(field)) {
      problems.unknown([...path, field], field, 'a field of the event', [...known.keys()], { atKey: true });
    }
    for (const [index, one] of anyOf.entries()) {
      checkValue(known?.get(field), one, Array.isArray(value) ? [...path, field, index] : [...path, field], field, problems);
    }
    return { field, anyOf };
  });
}

function checkValue(known: SchemaField | undefined, value: Wanted, path: Path, field: string, problems: Problems): void {
  if (isRange(value)) {
    if (known?.types === undefined || known.types.some((type) => type === 'number' || type === 'integer')) return;
    problems.add(path, `found a range of numbers; expected a value of ${field}, which is ${known.types.join(' or ')}`);
    return;
  }
  if (known?.values !== undefined) {
    if (known.values.includes(value)) return;
    problems.unknown(path, String(value), `a value of ${field}`, known.values.map(String));
  } else if (known?.types !== undefined) {
    const type = value === null ? 'null' : typeof value;
    const fits = known.types.includes(type) || (Number.isInteger(value) && known.types.includes('integer'));
    if (!fits) problems.add(path, `found ${describe(value)} (${type}); expected a value of ${field}, which is ${known.types.join(' or ')}`);
  }
}
