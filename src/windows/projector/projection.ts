/** What a decoder over bytes has to do for one source: its fields by number, the tests on them, and who wants what of which. */
import type { EventRules, FieldRules, SourceRules } from './event-rules.ts';
import type { Plan } from '../plan.ts';
import type { Condition, SourceSpec, Wanted } from '../spec.ts';

/** A field's value is one of some: bit `bit` of what is known of the field's value. */
export interface FieldTest {
  readonly field: number;
  readonly bit: number;
}

export interface Feed {
  /** Index into the plan's columns. */
  readonly column: number;
  /** What a record adds: 1; the field's number; 1 where the field has a number; the hash of its value; its text. */
  readonly adds: 'one' | 'number' | 'number_is_there' | 'hash' | 'text';
  readonly field: number;
  readonly where: readonly FieldTest[];
}

export interface FieldDemand {
  readonly field: number;
  readonly rules: FieldRules;
  readonly oneOf: FieldTest | undefined;
}

export interface EventDemand {
  readonly fields: readonly FieldDemand[];
  readonly closed: boolean;
}

export interface Lookup {
  readonly by: number;
  readonly field: number;
  readonly table: Readonly<Record<string, string>>;
}

export interface Projection {
  readonly names: readonly string[];
  /** Per field, per bit: the values for which it is set. */
  readonly tests: readonly (readonly (readonly Wanted[])[])[];
  readonly id: number | undefined;
  readonly time: number;
  readonly dimensions: readonly number[];
  readonly where: readonly FieldTest[];
  readonly lookups: readonly Lookup[];
  readonly feeds: readonly Feed[];
  /** One, or one for each version that the field `version` may name. */
  readonly demands: readonly EventDemand[];
  readonly version: { readonly field: number; readonly texts: readonly string[] } | undefined;
}

const TESTS_MAX = 30;

/** Or, as a text, what there is in the pipeline that is not done over bytes. */
export function projectionOf(plan: Plan, source: SourceSpec, sourceRules: SourceRules): Projection | string {
  const { event } = source;
  const names: string[] = [];
  const tests: Wanted[][][] = [];
  const fieldOf = (name: string): number => {
    const known = names.indexOf(name);
    if (known >= 0) return known;
    tests.push([]);
    return names.push(name) - 1;
  };
  const testOf = (name: string, anyOf: readonly Wanted[]): FieldTest => {
    const field = fieldOf(name);
    const same = tests[field]!.findIndex((other) => other.length === anyOf.length && other.every((value, i) => value === anyOf[i]));
    return { field, bit: same >= 0 ? same : tests[field]!.push([...anyOf]) - 1 };
  };
  const testsOf = (conditions: readonly Condition[]): FieldTest[] => conditions.map(({ field, anyOf }) => testOf(field, anyOf));
  const demandOf = ({ fields, closed }: EventRules): EventDemand => ({
    closed,
    fields: fields.map((rules) => ({
      field: fieldOf(rules.name),
      rules,
      oneOf: rules.oneOf && testOf(rules.name, rules.oneOf),
    })),
  });

  const where = testsOf(source.where);
  const demands = ('rules' in sourceRules ? [sourceRules.rules] : [...sourceRules.versions.values()]).map(demandOf);
  const ruled = new Set(names);
  const lookups = source.lookups.map(({ by, field, table }) => ({ by: fieldOf(by), field: fieldOf(field), table }));
  const reserved = [event.id, event.time, ...source.lookups.map(({ by }) => by), ...('field' in sourceRules ? [sourceRules.field] : [])];
  for (const { field, table } of source.lookups) {
    // A lone surrogate has no UTF-8.
    if (Object.values(table).some((text) => !text.isWellFormed())) return `the texts for ${field}`;
    if (ruled.has(field) || reserved.includes(field) || demands.some(({ closed }) => closed)) return `the lookup of ${field}`;
  }
  const projection: Projection = {
    names,
    tests,
    id: event.id === undefined ? undefined : fieldOf(event.id),
    time: fieldOf(event.time),
    dimensions: plan.spec.dimensions.map(fieldOf),
    where,
    lookups,
    feeds: plan.columns.flatMap((column, index): Feed[] => {
      if (column.source !== source.name || column.outcomes !== undefined) return [];
      const field = column.field === undefined ? -1 : fieldOf(column.field);
      return [{ column: index, adds: addsOf(column), field, where: testsOf(column.where) }];
    }),
    demands,
    version: 'rules' in sourceRules ? undefined : { field: fieldOf(sourceRules.field), texts: [...sourceRules.versions.keys()] },
  };
  if (names.includes('__proto__')) return 'a field called __proto__';
  // With a lone surrogate: the kernel would take U+FFFD, which stands for it, for the same name.
  if (names.some((name) => !name.isWellFormed())) return 'a field name that has no UTF-8';
  const tested = tests.findIndex((list) => list.length > TESTS_MAX);
  if (tested >= 0) return `more than ${TESTS_MAX} conditions on ${names[tested]}`;
  return projection;
}

function addsOf({ field, accumulate, counts }: Plan['columns'][number]): Feed['adds'] {
  if (field === undefined) return 'one';
  if (accumulate === 'hll') return 'hash';
  if (accumulate === 'heavy') return 'text';
  return counts ? 'number_is_there' : 'number';
}
