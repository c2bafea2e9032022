/** The reference tables of docs/pipeline-file.md, from the JSON Schema of the file. */
import type { JsonSchema } from './json-schema-of-file.ts';

/** A table for each block that has keys of its own, in the order of the file; blocks with the same keys share one. */
export function referenceTables(schema: JsonSchema): string {
  const titles = new Map<string, string[]>();
  for (const [title, text] of sections(schema, '', schema.definitions ?? {})) titles.set(text, [...(titles.get(text) ?? []), title]);
  return [...titles].map(([text, [first, ...more]]) => `### ${[first, ...new Set(more)].join(' and ')}\n\n${text}`).join('\n\n');
}

type Section = [title: string, table: string];
type Definitions = Readonly<Record<string, JsonSchema>>;

function sections(schema: JsonSchema, path: string, defined: Definitions): Section[] {
  const properties = Object.entries(schema.properties ?? {});
  const own: Section[] = properties.length === 0 ? [] : [[heading(schema, path), table(schema, properties)]];
  return [...own, ...properties.flatMap(([name, child]) => below(child, path === '' ? name : `${path}.${name}`, defined))];
}

/**
 * Blocks within: of the value itself, of a list's entries, of a map's values, of one form among several. What is defined elsewhere may stand alone or
 * in a list, and is told once.
 */
function below(schema: JsonSchema, path: string, defined: Definitions): Section[] {
  if (schema.$ref !== undefined) return below(defined[schema.$ref.replace('#/definitions/', '')]!, path, defined);
  const forms = schema.anyOf?.filter((form) => form.properties !== undefined || form.type === 'array' || form.$ref !== undefined) ?? [];
  const named = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const entry = Array.isArray(schema.items) || schema.items?.$ref !== undefined ? undefined : schema.items;
  return [
    ...(schema.properties === undefined ? [] : sections(schema, path, defined)),
    ...forms.flatMap((form) => below(form, path, defined)),
    ...(named === undefined ? [] : below(named, `${path}.<name>`, defined)),
    ...(entry === undefined ? [] : below(entry, `${path}[]`, defined)),
  ].filter(([title], index, all) => all.findIndex(([other]) => other === title) === index);
}

function heading(schema: JsonSchema, path: string): string {
  const kind = typeof schema['title'] === 'string' && path !== '' ? `, ${schema['title']}` : '';
  return path === '' ? 'The file' : `\`${path}\`${kind}`;
}

function table(schema: JsonSchema, properties: [string, JsonSchema][]): string {
  const rows = properties.map(([name, child]) => {
    const need =
      schema.required?.includes(name) === true
        ? 'yes'
        : child.default === undefined || isBlock(child.default)
          ? ''
          : `\`${JSON.stringify(child.default)}\``;
    return `| \`${name}\` | ${typeText(child)} | ${need} | ${cell(child.description ?? '')} |`;
  });
  return ['| key | value | needed or default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function isBlock(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'true or false',
  array: 'list',
  object: 'block',
};
const DURATION = '(ms|s|m|h|d)$';

function typeText(schema: JsonSchema): string {
  if (typeof schema.const === 'string') return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeText))].join(' or ');
  if (schema.type === 'array' && schema.items !== undefined && !Array.isArray(schema.items)) {
    const entries = typeText(schema.items);
    return `list of ${entries.includes(' or ') ? `(${entries})` : entries}`;
  }
  if (typeof schema['pattern'] === 'string' && schema['pattern'].endsWith(DURATION)) return 'duration';
  if (typeof schema['pattern'] === 'string' && schema['pattern'].endsWith('%$')) return 'percentage';
  const types = schema.type === undefined ? ['object'] : [schema.type].flat();
  return types.map((type) => WORDS[type] ?? type).join(' or ');
}
