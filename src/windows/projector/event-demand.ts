/** Tells the kernel a schema's rules. It says only that they surely hold; the reason of a fault is for others to find. */
import type { EventDemand, FieldDemand } from './projection.ts';
import { ABSENT, ARRAY, ESCAPED, FALSE, NULL, NUMBER, OBJECT, TEXT, TRUE } from './json-kinds.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { patternTable } from './pattern-bytes.ts';

/**
 * @param fieldCount of the projection's fields
 * @param timeField whose time is read anyway, as RFC 3339; undefined: none
 */
export function tellDemand(memory: KernelMemory, { fields, closed }: EventDemand, fieldCount: number, timeField: number | undefined): void {
  const { kernel } = memory;
  kernel.addDemand(Number(closed));
  const described = new Set(fields.map(({ field }) => field));
  if (closed) for (let field = 0; field < fieldCount; field++) if (!described.has(field)) kernel.addFurther(field);
  for (const one of fields) {
    kernel.addRule(one.field, kindsOf(one), one.oneOf ? 1 << one.oneOf.bit : 0);
    tellTexts(memory, one, timeField);
    tellNumbers(memory, one);
  }
}

/** No record is longer. */
const LENGTH_MAX = 0x3fffffff;

function hasLength({ rules: { minLength, maxLength } }: FieldDemand): boolean {
  return minLength > 0 || maxLength < Infinity;
}

/** A bit per kind of value that is allowed. */
function kindsOf(demand: FieldDemand): number {
  const { types, texts, required } = demand.rules;
  const allows = (...names: string[]): boolean => types === undefined || names.some((name) => types.includes(name));
  let kinds = required ? 0 : 1 << ABSENT;
  if (allows('string')) kinds |= 1 << TEXT;
  if (allows('string') && !hasLength(demand) && texts.length === 0 && !demand.oneOf) kinds |= 1 << ESCAPED;
  if (allows('number', 'integer')) kinds |= 1 << NUMBER;
  if (allows('boolean')) kinds |= (1 << TRUE) | (1 << FALSE);
  if (allows('null')) kinds |= 1 << NULL;
  if (allows('object') && !demand.oneOf) kinds |= 1 << OBJECT;
  if (allows('array') && !demand.oneOf) kinds |= 1 << ARRAY;
  return kinds;
}

function tellTexts({ kernel, put, addTest }: KernelMemory, demand: FieldDemand, timeField: number | undefined): void {
  const { minLength, maxLength, texts } = demand.rules;
  if (hasLength(demand)) kernel.demandLength(Math.min(minLength, LENGTH_MAX), Math.min(maxLength, LENGTH_MAX));
  for (const { format, pattern, test } of texts) {
    const table = pattern === undefined ? undefined : patternTable(pattern);
    if (table) kernel.demandPattern(put(new Uint8Array(table.next.buffer)), put(table.accepts), addTest(test));
    else if (format === 'uuid') kernel.demandUuid();
    // A time that was read as the event's is one that the format takes.
    else if (format !== 'date-time') kernel.demandTest(addTest(test));
    else if (demand.field !== timeField) kernel.demandTime();
  }
}

function tellNumbers({ kernel }: KernelMemory, { rules }: FieldDemand): void {
  const { types, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules;
  const whole = types !== undefined && types.includes('integer') && !types.includes('number');
  const isBound = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].some((bound) => Math.abs(bound) < Infinity);
  if (!whole && !isBound && multipleOf === undefined) return;
  kernel.demandNumber(Number(whole), minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf ?? NaN);
}
