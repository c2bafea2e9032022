/** What stands in a record where a fault is, and what should: `revenue: found "12.5"; expected a number`. Pure: a dead letter's text is the same in every run. */
import type { ErrorObject } from 'ajv';
import type { SchemaField } from './schema-fields.ts';
import { plural } from '../core/counted.ts';

/** Characters: of one value or name, of a path, of all that is said. */
const TEXT_MAX = 60;
const PATH_MAX = 200;
const FAULT_MAX = 500;
const VALUES_MAX = 8;
const TYPE_NAMES: Readonly<Record<string, string>> = {
  number: 'a number',
  integer: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

/** `path`: the names from the record down; none for the record itself. What is said is short, however long what a sender made of the record. */
export function faultText(path: readonly string[], found: unknown, expected: string): string {
  const place = path.length === 0 ? '' : `${cutTo(PATH_MAX, path.map((name) => cutTo(TEXT_MAX, name)).join('.'))}: `;
  return cutTo(FAULT_MAX, `${place}found ${valueText(found)}; expected ${expected}`);
}

/** What Ajv says of one value, which stands at `path`. */
export function ajvFaultText(path: readonly string[], value: unknown, errors: readonly ErrorObject[]): string | undefined {
  // The last one is of the outermost keyword: of `anyOf` rather than of its first branch.
  const error = errors.at(-1);
  if (!error) return undefined;
  const steps = error.instancePath.split('/').slice(1).map(unescape);
  const { keyword, params } = error;
  if (keyword === 'required') steps.push(String(params['missingProperty']));
  if (keyword === 'additionalProperties') steps.push(String(params['additionalProperty']));
  const found = steps.reduce(
    (at: unknown, step) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined),
    value,
  );
  return faultText([...path, ...steps], found, expectedBy(error));
}

/** What the schema says of a field that is missing. */
export function expectedOf({ types, values }: SchemaField): string {
  if (values) return oneOf(values);
  return types ? typesText(types) : 'a value';
}

function expectedBy({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return typesText([params['type']].flat() as string[]);
    case 'enum':
      return oneOf(params['allowedValues'] as unknown[]);
    case 'const':
      return valueText(params['allowedValue']);
    case 'required':
      return 'a value';
    case 'additionalProperties':
      return 'no further fields';
    case 'minimum':
      return `at least ${params['limit']}`;
    case 'maximum':
      return `at most ${params['limit']}`;
    case 'exclusiveMinimum':
      return `more than ${params['limit']}`;
    case 'exclusiveMaximum':
      return `less than ${params['limit']}`;
    case 'multipleOf':
      return `a multiple of ${params['multipleOf']}`;
    case 'minLength':
      return `text of at least ${characters(params['limit'])}`;
    case 'maxLength':
      return `text of at most ${characters(params['limit'])}`;
    case 'pattern':
      return `text that matches ${params['pattern']}`;
    case 'format':
      return `text of format ${params['format']}`;
    default:
      return `what the schema says: ${message ?? keyword}`;
  }
}

function characters(count: unknown): string {
  return `${String(count)} ${plural(Number(count), 'character')}`;
}

function typesText(types: readonly string[]): string {
  return types.map((type) => TYPE_NAMES[type] ?? type).join(' or ');
}

export function oneOf(values: readonly unknown[]): string {
  const named = values.slice(0, VALUES_MAX).map(valueText).join(', ');
  if (values.length === 1) return named;
  return `one of ${named}${values.length > VALUES_MAX ? ` … (${values.length} values)` : ''}`;
}

function valueText(value: unknown): string {
  if (value === undefined) return 'nothing';
  return cutTo(TEXT_MAX, beginningOf(value, TEXT_MAX + 1));
}

function cutTo(length: number, text: string): string {
  // Not within a surrogate pair.
  return text.length > length ? `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
}

/**
 * The value as JSON, whole or at least its first `length` characters. Each level writes its bracket before the next one begins: so it goes
 * no deeper than it is long, where `JSON.stringify` overflows the stack on what `JSON.parse` took without trouble.
 */
function beginningOf(value: unknown, length: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, length));
  if (typeof value !== 'object' || value === null) return String(value);
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  for (const key of isList ? value.keys() : Object.keys(value)) {
    if (text.length > 1) text += ',';
    if (!isList) text += `${beginningOf(key, length)}:`;
    if (text.length >= length) return text;
    text += beginningOf((value as Readonly<Record<string | number, unknown>>)[key], length - text.length);
  }
  return text + (isList ? ']' : '}');
}

function unescape(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
