/** What is to be made of a record: as src/windows/projector/projection.ts has it, in this memory. */
import { createList, List, push } from './list.ts';
import { allocate } from './memory.ts';
import { createTimeReader, TimeReader } from './times.ts';

/** No such field. */
export const NONE: u32 = 0xffffffff;

export namespace TimeUnit {
  export const ISO: u32 = 0;
  export const SECONDS: u32 = 1;
}

/** What a record adds to a column: 1; the field's number; 1 where the field has a number; the hash of its value; its text. */
export namespace Adds {
  export const ONE: u32 = 0;
  export const NUMBER: u32 = 1;
  export const NUMBER_IS_THERE: u32 = 2;
  export const HASH: u32 = 3;
  export const TEXT: u32 = 4;
}

/** A field's value is one of some: it has this bit. */
@unmanaged
export class FieldTest {
  field: u32;
  bit: u32;
}

/** The text of `by`, whose entry has a note in `slot`, gives that of `field`. */
@unmanaged
export class Lookup {
  by: u32;
  field: u32;
  slot: u32;
}

@unmanaged
export class Dimension {
  field: u32;
  /** Of the field's notes: the codes of its labels. */
  slot: u32;
  /** Column of codes. */
  codes: usize;
}

@unmanaged
export class Feed {
  adds: u32;
  field: u32;
  /** FieldTest. */
  where: List;
  /** Columns: values; of a hash, its two words; of a text, its entry. */
  values: usize;
  low: usize;
  high: usize;
  entries: usize;
}

@unmanaged
class Plan {
  id: u32;
  time: u32;
  timeUnit: u32;
  /** How far the clock of times that name no zone is ahead of UTC; NaN where there is none. */
  zoneMs: f64;
  timeReader: TimeReader;
  /** The field that names the version, and the slot of the notes that say which; NONE where there is one version. */
  version: u32;
  versionSlot: u32;
  /** Two words each. */
  idKey: usize;
  distinctKey: usize;
  /** Longer records are left to others. */
  recordBytesMax: usize;
  /** The fields known by number: those that `where` and the lookups need, and the others. */
  first: List;
  rest: List;
  /** FieldTest, Lookup, Demand, Dimension, Feed. */
  where: List;
  lookups: List;
  demands: List;
  dimensions: List;
  feeds: List;
  /** Columns. */
  ends: usize;
  outcomes: usize;
  times: usize;
  idLow: usize;
  idHigh: usize;
  /** Labels without a code, in the batch at hand. */
  newLabels: u32;
}

export const plan: Plan = createPlan();

function createPlan(): Plan {
  const made = changetype<Plan>(allocate(offsetof<Plan>()));
  made.timeReader = createTimeReader();
  made.first = createList();
  made.rest = createList();
  made.where = createList();
  made.lookups = createList();
  made.demands = createList();
  made.dimensions = createList();
  made.feeds = createList();
  return made;
}

export function pushTest(list: List, field: u32, bit: u32): void {
  const test = changetype<FieldTest>(allocate(offsetof<FieldTest>()));
  test.field = field;
  test.bit = bit;
  push(list, changetype<usize>(test));
}
