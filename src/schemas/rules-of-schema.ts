/**
 * What a JSON Schema demands of an event, field by field, for a decoder that holds bytes against it. Only rules that it can state
 * completely; a schema that says more is told by name, and then ajv alone decides.
 */
import type { EventRules, FieldRules, SourceRules, TextRule } from '../windows/projector/event-rules.ts';
import type { Scalar, SourceSpec } from '../windows/spec.ts';
import { STRING_FORMATS } from './formats.ts';
import { isObject } from './schema-fields.ts';

type Schema = Readonly<Record<string, unknown>>;

/** They say nothing about what is valid. */
const NOTES = new Set(['$schema', '$comment', 'title', 'description', 'examples', 'default', 'deprecated', 'readOnly', 'writeOnly']);
/** Of the whole schema; further down references begin at them. */
const ROOT_NOTES = new Set(['$id', '$defs', 'definitions']);
const BOUNDS = ['minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'] as const;

/** The rules of a schema that ajv takes; a text names the first keyword (by JSON pointer) that is not among those stated here. */
function eventRulesOf(schema: Schema): EventRules | string {
  const { type, required, properties, additionalProperties, ...rest } = schema;
  const other = Object.keys(rest).find((keyword) => !NOTES.has(keyword) && !ROOT_NOTES.has(keyword));
  if (other !== undefined) return `/${other}`;
  if (type !== undefined && ![type].flat().includes('object')) return '/type';
  if (additionalProperties !== undefined && typeof additionalProperties !== 'boolean' && !isEmpty(additionalProperties)) {
    return '/additionalProperties';
  }
  const demanded = new Set((required as string[] | undefined) ?? []);
  const fields: FieldRules[] = [];
  for (const [name, property] of Object.entries((properties as Schema | undefined) ?? {})) {
    const rules = property === true ? {} : rulesOf(schema, property);
    if (typeof rules === 'string') return `/properties/${name}${rules}`;
    fields.push(fieldRules(name, demanded.delete(name), rules));
  }
  const closed = additionalProperties === false;
  // Demanded and not described: where the schema is closed, nothing can be right.
  for (const name of demanded) fields.push(fieldRules(name, true, closed ? { types: [] } : {}));
  return { fields, closed };
}

type Rules = Partial<Omit<FieldRules, 'name' | 'required'>>;

function fieldRules(name: string, required: boolean, rules: Rules): FieldRules {
  return {
    name,
    required,
    types: rules.types,
    oneOf: rules.oneOf,
    minLength: rules.minLength ?? 0,
    maxLength: rules.maxLength ?? Infinity,
    minimum: rules.minimum ?? -Infinity,
    maximum: rules.maximum ?? Infinity,
    exclusiveMinimum: rules.exclusiveMinimum ?? -Infinity,
    exclusiveMaximum: rules.exclusiveMaximum ?? Infinity,
    multipleOf: rules.multipleOf,
    texts: rules.texts ?? [],
  };
}

/** @returns the rules, or the keyword that is not understood, as the end of a JSON pointer */
function rulesOf(root: Schema, property: unknown, depth = 0): Rules | string {
  if (!isObject(property)) return '';
  const { type, enum: values, const: only, pattern, format, $ref, anyOf, oneOf, ...rest } = property;
  const other = Object.keys(rest).find((keyword) => !NOTES.has(keyword) && !(BOUNDS as readonly string[]).includes(keyword));
  if (other !== undefined) return `/${other}`;
  const ruled = Object.keys(property).filter((keyword) => !NOTES.has(keyword));
  if ($ref !== undefined) {
    const target = ruled.length === 1 && depth < 8 ? definition(root, $ref) : undefined;
    return target === undefined ? '/$ref' : rulesOf(root, target, depth + 1);
  }
  if (anyOf !== undefined || oneOf !== undefined) {
    const keyword = anyOf === undefined ? 'oneOf' : 'anyOf';
    const rules = ruled.length === 1 ? nullable(root, (anyOf ?? oneOf) as unknown[], depth) : undefined;
    return rules ?? `/${keyword}`;
  }
  const allowed = 'const' in property ? [only] : (values as unknown[] | undefined);
  if (allowed !== undefined && (!allowed.every(isScalar) || ('const' in property && values !== undefined))) return '/enum';
  const texts: TextRule[] = [];
  if (typeof pattern === 'string') {
    const expression = new RegExp(pattern, 'u');
    texts.push({ pattern, test: (text) => expression.test(text) });
  }
  if (typeof format === 'string') {
    const test = Object.hasOwn(STRING_FORMATS, format) ? STRING_FORMATS[format] : undefined;
    if (!test) return '/format';
    texts.push({ format, test });
  }
  return {
    types: type === undefined ? undefined : ([type].flat() as string[]),
    oneOf: allowed,
    texts,
    ...Object.fromEntries(BOUNDS.filter((bound) => bound in property).map((bound) => [bound, property[bound]])),
  };
}

/** Of `[what, { type: null }]`, in any order, where `what` names its types and null is none of them. */
function nullable(root: Schema, branches: readonly unknown[], depth: number): Rules | undefined {
  const isNull = (branch: unknown): boolean => isObject(branch) && branch['type'] === 'null' && Object.keys(branch).length === 1;
  const others = branches.filter((branch) => !isNull(branch));
  if (branches.length !== 2 || others.length !== 1) return undefined;
  const rules = rulesOf(root, others[0], depth + 1);
  if (typeof rules === 'string' || rules.types === undefined || rules.types.includes('null')) return undefined;
  return { ...rules, types: [...rules.types, 'null'], ...(rules.oneOf && { oneOf: [...rules.oneOf, null] }) };
}

/** What `#/$defs/price` points at. */
function definition(root: Schema, ref: unknown): unknown {
  const match = typeof ref === 'string' ? /^#\/(\$defs|definitions)\/([\w-]+)$/.exec(ref) : undefined;
  const definitions = match ? root[match[1]!] : undefined;
  return isObject(definitions) && Object.hasOwn(definitions, match![2]!) ? definitions[match![2]!] : undefined;
}

function isEmpty(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** By its one schema, or by those of its versions; or, as a text, what there is in which of them that rules cannot state. */
export function sourceRulesOf({ schema, versions }: Pick<SourceSpec, 'schema' | 'versions'>): SourceRules | string {
  if (!versions) {
    const rules = schema ? eventRulesOf(schema) : { fields: [], closed: false };
    return typeof rules === 'string' ? `${rules} of the schema` : { rules };
  }
  const byVersion = new Map<string, EventRules>();
  for (const { version, file, schema: one } of versions.schemas) {
    const rules = eventRulesOf(one);
    if (typeof rules === 'string') return `${rules} of ${file}`;
    byVersion.set(version, rules);
  }
  return { field: versions.field, versions: byVersion };
}
