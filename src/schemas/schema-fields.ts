/** What a JSON Schema says about the top-level fields of a record, for those who need to know before the first record comes. */
type Schema = Readonly<Record<string, unknown>>;

export interface SchemaField {
  /** Allowed JSON types (`integer` among them); undefined where the schema leaves it open. */
  readonly types: readonly string[] | undefined;
  readonly required: boolean;
  /** The only values allowed (`enum`, `const`); absent where the schema lists none. */
  readonly values?: readonly unknown[];
}

export function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a local reference (`#/$defs/price`) points at; undefined where it points at nothing, or elsewhere. */
function resolveLocal(root: Schema, ref: unknown): unknown {
  if (typeof ref !== 'string' || !ref.startsWith('#')) return undefined;
  let at: unknown = root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}

function parts(root: Schema, schema: unknown, seen: Set<unknown>): Schema[] {
  if (!isObject(schema) || seen.has(schema)) return [];
  seen.add(schema);
  const all = Array.isArray(schema['allOf']) ? schema['allOf'] : [];
  return [schema, ...parts(root, resolveLocal(root, schema['$ref']), seen), ...all.flatMap((part) => parts(root, part, seen))];
}

function valuesOf(root: Schema, property: unknown): readonly unknown[] | undefined {
  for (const part of parts(root, property, new Set())) {
    if (Object.hasOwn(part, 'const')) return [part['const']];
    if (Array.isArray(part['enum'])) return part['enum'];
  }
  return undefined;
}

function typesOf(root: Schema, property: unknown): readonly string[] | undefined {
  for (const part of parts(root, property, new Set())) {
    const type = part['type'];
    if (typeof type === 'string') return [type];
    if (Array.isArray(type)) return type.filter((name) => typeof name === 'string');
    const values = Object.hasOwn(part, 'const') ? [part['const']] : part['enum'];
    if (Array.isArray(values)) return [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))];
  }
  return undefined;
}

/** The fields in the order of `properties`; those of `allOf` and of local `$ref`s after the schema's own. */
export function schemaFields(root: Schema): Map<string, SchemaField> {
  const all = parts(root, root, new Set());
  const required = new Set(all.flatMap((part) => (Array.isArray(part['required']) ? part['required'] : [])));
  const fields = new Map<string, SchemaField>();
  for (const part of all) {
    if (!isObject(part['properties'])) continue;
    for (const [name, property] of Object.entries(part['properties'])) {
      if (fields.has(name)) continue;
      const values = valuesOf(root, property);
      fields.set(name, { types: typesOf(root, property), required: required.has(name), ...(values ? { values } : {}) });
    }
  }
  for (const name of required) {
    if (typeof name === 'string' && !fields.has(name)) fields.set(name, { types: undefined, required: true });
  }
  return fields;
}

/** Whether the field must be a `date-time`: times that name no zone are none to it. */
export function asksZone(schema: Schema | undefined, time: string): boolean {
  const property = isObject(schema?.['properties']) ? schema['properties'][time] : undefined;
  return isObject(property) && property['format'] === 'date-time';
}
