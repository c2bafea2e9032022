/** What a schema demands of an event, field by field, as far as it can be held against bytes. `schemas` makes it. */
import type { Scalar } from '../spec.ts';

/** A text must pass `test`; `format` names it where it is a format. */
export interface TextRule {
  readonly format?: string;
  readonly pattern?: string;
  readonly test: (text: string) => boolean;
}

/** All hold of the field's value, each only for values of the type that it speaks of. */
export interface FieldRules {
  readonly name: string;
  readonly required: boolean;
  /** JSON types, `integer` among them; undefined: any. */
  readonly types: readonly string[] | undefined;
  /** The only values; undefined: any. No objects and arrays are among them: a value that is one is not stated here. */
  readonly oneOf: readonly Scalar[] | undefined;
  /** Code points. */
  readonly minLength: number;
  readonly maxLength: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly exclusiveMinimum: number;
  readonly exclusiveMaximum: number;
  readonly multipleOf: number | undefined;
  readonly texts: readonly TextRule[];
}

export interface EventRules {
  readonly fields: readonly FieldRules[];
  /** Fields besides these make the event invalid. */
  readonly closed: boolean;
}

/** The rules of a source's events: by its one schema, or by the one among its versions that the event names in `field`. */
export type SourceRules = { readonly rules: EventRules } | { readonly field: string; readonly versions: ReadonlyMap<string, EventRules> };
