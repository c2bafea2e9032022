/** The fields that somebody asks for: what is wanted of each, and what the record at hand has there. */
import { allocate } from './memory.ts';
import { Dictionary } from './dictionary.ts';
import { List } from './list.ts';

@unmanaged
export class Field {
  /** What the record has: its kind (kinds.ts); where a text without its quotes, a number or a literal stands. */
  kind: u32;
  start: usize;
  end: usize;
  /** Of a number: finite. */
  value: f64;
  /** Of a text whose values are known by number: its code in `dictionary`, UNKNOWN where it is none of those. */
  entry: i32;
  /** The tests that the value meets, as bits. */
  bits: u32;

  /** Texts by number, where somebody asks. */
  dictionary: Dictionary;
  /** Texts that are not yet in it are taken up. */
  learns: bool;
  bitsOfTrue: u32;
  bitsOfFalse: u32;
  bitsOfNull: u32;
  /** NumberTest: the numbers and ranges that tests name. */
  numbers: List;
}

@unmanaged
export class NumberTest {
  least: f64;
  most: f64;
  bits: u32;
}

const FIELD_BYTES: usize = 96;
let fields: usize = 0;
export let fieldCount: u32 = 0;

/** Room for so many fields. */
export function createFields(count: u32): void {
  fields = allocate((count as usize) * FIELD_BYTES);
  fieldCount = count;
}

export function fieldAt(index: u32): Field {
  return changetype<Field>(fields + (index as usize) * FIELD_BYTES);
}
