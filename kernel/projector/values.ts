/** Values known by number: what tests say of them, and what they are called. */
import { add, bitsOf, find } from './dictionary.ts';
import { Field, NumberTest } from './fields.ts';
import { spell } from './host.ts';
import { ARRAY, ESCAPED, FALSE, NULL, NUMBER, OBJECT, TEXT, TRUE } from './kinds.ts';
import { item } from './list.ts';
import { isSpelledPlainly } from './numbers.ts';

/** Room for a number's text. */
const spelled = memory.data(32);

/** Finds the field's value among those known; false where it is not sure what it is. */
export function resolve(field: Field): bool {
  const kind = field.kind;
  if (kind === TEXT) {
    field.entry = entryAt(field, field.start, field.end);
    field.bits = field.entry < 0 ? 0 : bitsOf(field.dictionary, field.entry);
    return true;
  }
  if (kind === ESCAPED || kind === OBJECT || kind === ARRAY) return false;
  field.bits = kind === NUMBER ? bitsOfNumber(field) : kind === TRUE ? field.bitsOfTrue : 0;
  if (kind === FALSE) field.bits = field.bitsOfFalse;
  if (kind === NULL) field.bits = field.bitsOfNull;
  return true;
}

function bitsOfNumber(field: Field): u32 {
  let bits: u32 = 0;
  for (let k: u32 = 0; k < field.numbers.count; k++) {
    const test = changetype<NumberTest>(item(field.numbers, k) as usize);
    if (field.value >= test.least && field.value <= test.most) bits |= test.bits;
  }
  return bits;
}

function entryAt(field: Field, from: usize, to: usize): i32 {
  const known = find(field.dictionary, from, to);
  if (known >= 0 || !field.learns) return known;
  return add(field.dictionary, from, to);
}

/** The entry of the value as a text: a number as JavaScript spells it, `true`, `false`; what is not there is empty. */
export function entryOfText(field: Field): i32 {
  switch (field.kind) {
    case TEXT:
      return field.entry;
    case NUMBER: {
      if (isSpelledPlainly(field.start, field.end)) return entryAt(field, field.start, field.end);
      return entryAt(field, spelled, spelled + (spell(field.value, spelled) as usize));
    }
    case TRUE:
    case FALSE:
      return entryAt(field, field.start, field.end);
    default:
      return entryAt(field, field.start, field.start);
  }
}
