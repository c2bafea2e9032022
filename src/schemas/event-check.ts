/** The check of a source's events: by its one schema, or by the one among its versions that the event itself names. */
import type { SourceSpec } from '../windows/spec.ts';
import { createJsonValidator, type JsonValidator } from './json-schema.ts';
import { isObject } from './schema-fields.ts';

/** Why an event is invalid that names no version, or one that the pipeline does not know. */
export const UNKNOWN_VERSION = 'schema_version';

export type EventCheck = JsonValidator;

/** Undefined where any object will do. @throws AppError `config_invalid` as `createJsonValidator` does */
export function createEventCheck({ schema, versions }: Pick<SourceSpec, 'schema' | 'versions'>): EventCheck | undefined {
  if (!versions) return schema && createJsonValidator(schema);
  const validators = new Map(versions.schemas.map(({ version, file, schema: one }) => [version, createJsonValidator(one, { file })]));
  const { field } = versions;
  const named = (value: Readonly<Record<string, unknown>>) =>
    validators.get(versionText(Object.hasOwn(value, field) ? value[field] : undefined) ?? '');
  return {
    check(value) {
      if (!isObject(value)) return 'not_object';
      const validator = named(value);
      return validator ? validator.check(value) : UNKNOWN_VERSION;
    },
    explain: (record, reason) => named(record)?.explain(record, reason),
  };
}

/** `2` names the version "2", as `"2"` does. */
function versionText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
