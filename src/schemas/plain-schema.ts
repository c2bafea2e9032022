/**
 * Whether a schema is surely one, by its looks. Most are: common keywords with values of the right kind. To compile the schema of
 * schemas takes longer than all else in a start, so only the others are held against it.
 */
import { draftOf } from './ajv-setup.ts';
import { isObject } from './schema-fields.ts';

type Check = (value: unknown) => boolean;

const TYPES: ReadonlySet<unknown> = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']);

const isAnything: Check = () => true;
const isBoolean: Check = (value) => typeof value === 'boolean';
const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isList: Check = (value) => Array.isArray(value);
const isScalar: Check = (value) => value === null || typeof value !== 'object';
const isSomeList: Check = (value) => Array.isArray(value) && value.length > 0;
const isSet = (value: unknown, is: Check): boolean => Array.isArray(value) && new Set(value).size === value.length && value.every(is);
const isType: Check = (value) => TYPES.has(value) || (isSomeList(value) && isSet(value, (one) => TYPES.has(one)));
const isSchemas: Check = (value) => isObject(value) && Object.values(value).every(isPlainSchema);
const isSchemaList: Check = (value) => isSomeList(value) && (value as unknown[]).every(isPlainSchema);
const isAddress: Check = (value) => isText(value) && /^https?:\/\/[\w./-]+#?$/.test(value as string);
const isPattern: Check = (value) => {
  try {
    return isText(value) && new RegExp(value as string, 'u') instanceof RegExp;
  } catch {
    return false;
  }
};

const CHECKS: ReadonlyMap<string, Check> = new Map([
  ['$schema', (value) => draftOf({ $schema: value }) !== undefined],
  ['$id', isAddress],
  ['$comment', isText],
  ['title', isText],
  ['description', isText],
  ['default', isAnything],
  ['examples', isList],
  ['deprecated', isBoolean],
  ['type', isType],
  ['const', isAnything],
  ['enum', (value) => isSomeList(value) && isSet(value, isScalar)],
  ['required', (value) => isSet(value, isText)],
  ['properties', isSchemas],
  ['additionalProperties', isPlainSchema],
  ['items', isPlainSchema],
  ['allOf', isSchemaList],
  ['anyOf', isSchemaList],
  ['oneOf', isSchemaList],
  ['minimum', isNumber],
  ['maximum', isNumber],
  ['exclusiveMinimum', isNumber],
  ['exclusiveMaximum', isNumber],
  ['minLength', isCount],
  ['maxLength', isCount],
  ['minItems', isCount],
  ['maxItems', isCount],
  ['minProperties', isCount],
  ['maxProperties', isCount],
  ['pattern', isPattern],
  ['format', isText],
]);

/** False: it may be one all the same. Holds for draft-07 and 2020-12 alike; `$schema` is for who reads it. */
export function isPlainSchema(schema: unknown): boolean {
  if (typeof schema === 'boolean') return true;
  return isObject(schema) && Object.entries(schema).every(([keyword, value]) => CHECKS.get(keyword)?.(value) === true);
}
