/** The schemas of a source: one for all its events, or one for each version. */
import { AppError } from '../core/errors.ts';
import { createJsonValidator } from '../schemas/json-schema.ts';
import { isObject, schemaFields, type SchemaField } from '../schemas/schema-fields.ts';
import type { SchemaVersions, SourceSpec } from '../windows/spec.ts';
import { COMBINED_FIELDS, type KnownFields } from './known-fields.ts';
import type { Path, Problems } from './problem.ts';
import { fromFolder, readJsonFile } from './read-file.ts';
import type { SourceBlock } from './source-schema.ts';

type Schema = Readonly<Record<string, unknown>>;

const SCHEMA_BYTES_MAX = 4_194_304;
const DEFAULT_VERSION_FIELD = 'schema_version';

interface ResolvedSchemas {
  readonly spec: Pick<SourceSpec, 'schema' | 'versions'>;
  /** Of an event of any version. */
  readonly fields: KnownFields;
}

export function resolveSchemas(source: SourceBlock, folder: string, path: Path, problems: Problems): ResolvedSchemas {
  const { schema, schemas, format } = source;
  if (source.version_field !== undefined && schemas === undefined) {
    problems.add([...path, 'version_field'], 'found version_field without schemas; expected it beside schemas: { v1: … }', { atKey: true });
  }
  if (format === 'combined') {
    const given = schema !== undefined ? 'schema' : schemas !== undefined ? 'schemas' : undefined;
    const found = given === 'schema' ? 'a schema' : 'schemas';
    if (given) problems.add([...path, given], `found ${found} with format: combined; expected none, as its fields are known`);
    return { spec: {}, fields: COMBINED_FIELDS };
  }
  if (schemas !== undefined) {
    if (schema !== undefined) problems.add([...path, 'schema'], 'found schema beside schemas; expected one of them', { atKey: true });
    const versions = readVersions(schemas, source.version_field ?? DEFAULT_VERSION_FIELD, folder, path, problems);
    return { spec: versions ? { versions } : {}, fields: versions && fieldsOfVersions(versions) };
  }
  const read = schema === undefined ? undefined : readSchema(schema, folder, [...path, 'schema'], problems);
  return { spec: read ? { schema: read } : {}, fields: read && schemaFields(read) };
}

/** Undefined where one of them could not be read. */
function readVersions(
  files: Readonly<Record<string, string>>,
  field: string,
  folder: string,
  path: Path,
  problems: Problems,
): SchemaVersions | undefined {
  const entries = Object.entries(files);
  if (entries.length === 0) problems.add([...path, 'schemas'], 'found no version; expected at least one, such as v1: ./event.v1.json');
  const schemas = entries.flatMap(([version, file]) => {
    const schema = readSchema(file, folder, [...path, 'schemas', version], problems);
    return schema ? [{ version, file, schema }] : [];
  });
  return schemas.length > 0 && schemas.length === entries.length ? { field, schemas } : undefined;
}

function readSchema(named: string, folder: string, path: Path, problems: Problems): Schema | undefined {
  return problems.attempt(path, () => {
    const file = fromFolder(folder, named);
    const schema = readJsonFile(file, 'a JSON Schema', SCHEMA_BYTES_MAX);
    if (!isObject(schema)) throw new AppError('config_invalid', `${file}: found JSON that is not an object; expected a JSON Schema`);
    createJsonValidator(schema, { file });
    return schema;
  });
}

/** A field is what any version says it may be, and required where every version requires it. */
function fieldsOfVersions({ field, schemas }: SchemaVersions): Map<string, SchemaField> {
  const all = schemas.map(({ schema }) => schemaFields(schema));
  const names = new Set([...all.flatMap((fields) => [...fields.keys()]), field]);
  return new Map(
    [...names].map((name): [string, SchemaField] => {
      const found = all.flatMap((fields) => fields.get(name) ?? []);
      const types = union(found.map((one) => one.types));
      const values = union(found.map((one) => one.values));
      const required = found.length === all.length && found.every((one) => one.required);
      return [name, { types, required, ...(values ? { values } : {}) }];
    }),
  );
}

/** Undefined, which leaves it open, as soon as one leaves it open. */
function union<T>(lists: readonly (readonly T[] | undefined)[]): readonly T[] | undefined {
  if (lists.length === 0 || lists.includes(undefined)) return undefined;
  return [...new Set(lists.flatMap((list) => list ?? []))];
}
