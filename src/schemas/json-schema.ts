/**
 * Says of a record whether it is as its JSON Schema wants it, and if not, in one word why.
 * The common case is one call into code that Ajv compiled; the reason is worked out only for a record that failed.
 */
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import { AppError } from '../core/errors.ts';
import { createAjv, draftOf, type Draft } from './ajv-setup.ts';
import { ajvFaultText, expectedOf, faultText } from './fault-text.ts';
import { followsNesting, isDeeperThan, LEVELS_MAX, TOO_DEEP } from './nesting.ts';
import { isPlainSchema } from './plain-schema.ts';
import { isObject, schemaFields, type SchemaField } from './schema-fields.ts';

export interface JsonValidator {
  /**
   * undefined when `value` (as `JSON.parse` made it) is valid; else the first that holds of `not_object`, `too_deep`, then for each field in the
   * order of the schema's properties `missing:<field>`, `type:<field>`, `value:<field>`, then `schema:<keyword>` for the rest of the schema.
   */
  check(value: unknown): string | undefined;
  /** Of a record that `check` gave this reason: which value was found where, and what was expected. Undefined where the schema has nothing against it. */
  explain(record: Schema, reason: string): string | undefined;
}

interface FieldCheck {
  readonly name: string;
  readonly required: boolean;
  /** JSON types that the property's schema itself names. */
  readonly types: readonly string[] | undefined;
  readonly field: SchemaField;
  readonly validate: ValidateFunction;
}

type Schema = Readonly<Record<string, unknown>>;

/**
 * @param options.file what messages call the schema, usually its path
 * @throws AppError `config_invalid`: not a JSON Schema of draft-07 or 2020-12, or one with keywords or formats that are not known
 */
export function createJsonValidator(schema: Schema, options: { readonly file?: string } = {}): JsonValidator {
  const file = options.file ?? 'schema';
  const fail = (detail: string): AppError => new AppError('config_invalid', `${file}: ${detail}`);
  const draft = draftOf(schema);
  if (draft === undefined) {
    throw fail(`/$schema: found ${JSON.stringify(schema['$schema'])}; expected draft-07 or draft 2020-12 of JSON Schema`);
  }
  refuseNestedProto(schema, fail);
  const text = JSON.stringify(schema);
  const ajv = createAjv(draft, text, { isKnownValid: isPlainSchema(schema) });
  const whole = compile(ajv, draft, schema, fail);
  const fields = fieldChecks(ajv, schema);
  // Ajv passes over a property of this name, so it is checked beside the rest.
  const proto = fields.find((field) => field.name === '__proto__');
  const levelsMax = followsNesting(text) ? LEVELS_MAX : undefined;

  return {
    check(value) {
      if (levelsMax !== undefined && isObject(value) && isDeeperThan(value, levelsMax)) return TOO_DEEP;
      try {
        if (whole(value) && (proto === undefined || failing(proto, value as Schema) === undefined) && isObject(value)) return undefined;
        return reason(value, fields, whole);
      } catch (error) {
        // The stack: of a schema that refers to itself on one level, or of a pattern on a text of many MB.
        if (error instanceof RangeError) return TOO_DEEP;
        throw error;
      }
    },
    explain(record, told) {
      const named = told.slice(told.indexOf(':') + 1);
      const field = told.startsWith('schema:') ? undefined : fields.find(({ name }) => name === named);
      if (!field) return !told.startsWith('schema:') || whole(record) ? undefined : ajvFaultText([], record, whole.errors ?? []);
      const kind = failing(field, record);
      if (kind === undefined) return undefined;
      const value = Object.hasOwn(record, named) ? record[named] : undefined;
      if (kind === 'missing' || field.validate(value)) return faultText([named], value, expectedOf(field.field));
      return ajvFaultText([named], value, field.validate.errors ?? []);
    },
  };
}

function reason(value: unknown, fields: readonly FieldCheck[], whole: ValidateFunction): string | undefined {
  if (!isObject(value)) return 'not_object';
  for (const field of fields) {
    const kind = failing(field, value);
    if (kind !== undefined) return `${kind}:${field.name}`;
  }
  if (whole(value)) return undefined;
  return `schema:${keywordOf(whole.errors?.[0])}`;
}

function failing(field: FieldCheck, record: Schema): 'missing' | 'type' | 'value' | undefined {
  if (!Object.hasOwn(record, field.name)) return field.required ? 'missing' : undefined;
  const value = record[field.name];
  if (field.types !== undefined && !field.types.some((type) => isOfType(value, type))) return 'type';
  if (field.validate(value)) return undefined;
  // 1e400 is a number that is not allowed, which Ajv calls a wrong type.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'value';
  return field.validate.errors?.some((error) => error.keyword === 'type' && error.instancePath === '') === true ? 'type' : 'value';
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return typeof value === 'number' && (Number.isInteger(value) || !Number.isFinite(value));
  return typeof value === type;
}

/** The root keyword that failed: the first step of `#/patternProperties/^x/type`. */
function keywordOf(error: ErrorObject | undefined): string {
  if (error === undefined) return 'false';
  const step = error.schemaPath.startsWith('#/') ? error.schemaPath.slice(2).split('/')[0] : undefined;
  return step !== undefined && step !== '' && step !== '$defs' && step !== 'definitions' ? step : error.keyword;
}

function fieldChecks(ajv: Ajv, schema: Schema): FieldCheck[] {
  // The root keeps its identity while each of its properties is compiled in its scope, so that local references resolve.
  const rootId = 'tocsin:record';
  ajv.addSchema({ ...schema, $id: rootId }, rootId);
  const own = isObject(schema['properties']) ? schema['properties'] : {};
  return [...schemaFields(schema)].map(([name, field]) => {
    const property: unknown = Object.hasOwn(own, name) ? own[name] : true;
    const pointer = encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
    const validate = isObject(property) ? ajv.compile({ $ref: `${rootId}#/properties/${pointer}` }) : ajv.compile(property as boolean);
    const types = isObject(property) && 'type' in property ? field.types : undefined;
    return { name, required: field.required, types, field, validate };
  });
}

function compile(ajv: Ajv, draft: Draft, schema: Schema, fail: (detail: string) => AppError): ValidateFunction {
  if (ajv.opts.validateSchema && ajv.validateSchema(schema) !== true) {
    const error = (ajv.errors ?? []).toSorted((a, b) => b.instancePath.length - a.instancePath.length)[0];
    const expected = error?.params['allowedValues'] ?? error?.params['allowedValue'];
    const hint = expected === undefined ? '' : ` (${[expected].flat().join(', ')})`;
    throw fail(`${error?.instancePath || '/'}: not JSON Schema ${draft}: ${error?.message ?? 'unknown fault'}${hint}`);
  }
  try {
    return ajv.compile(schema);
  } catch (cause) {
    throw fail(explain(schema, cause));
  }
}

/** Ajv's message about a keyword, a format or a reference, with the place in the schema where it stands. */
function explain(schema: Schema, cause: unknown): string {
  const message = (cause instanceof Error ? cause.message : String(cause)).replace(/^strict mode: /, '');
  const keyword = /^unknown keyword: "(.*)"$/.exec(message)?.[1];
  if (keyword !== undefined) return `${placeOf(schema, (key) => key === keyword) ?? '/'}: unknown keyword ${JSON.stringify(keyword)}`;
  const format = /^unknown format "(.*)" ignored/.exec(message)?.[1];
  if (format !== undefined) {
    const place = placeOf(schema, (key, value) => key === 'format' && value === format) ?? '/';
    return `${place}: unknown format ${JSON.stringify(format)}; use a pattern instead`;
  }
  const reference = /^can't resolve reference (\S+)/.exec(message)?.[1];
  if (reference !== undefined) {
    const place = placeOf(schema, (key, value) => key === '$ref' && value === reference) ?? '/';
    return `${place}: cannot resolve ${JSON.stringify(reference)}; only references within the file are followed`;
  }
  return message;
}

/** JSON pointer of the first entry that `is` picks. */
function placeOf(node: unknown, is: (key: string, value: unknown) => boolean, pointer = ''): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  for (const [key, value] of Object.entries(node)) {
    const here = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (is(key, value)) return here;
    const below = placeOf(value, is, here);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** Below the top level Ajv would leave a property `__proto__` unchecked without a word. */
function refuseNestedProto(schema: Schema, fail: (detail: string) => AppError): void {
  const top = isObject(schema['properties']) ? schema['properties'] : undefined;
  const place = placeOf(
    schema,
    (key, value) => isObject(value) && key === 'properties' && value !== top && Object.hasOwn(value, '__proto__'),
  );
  if (place !== undefined) throw fail(`${place}/__proto__: a field of this name can only be described at the top level`);
}
