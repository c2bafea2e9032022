/**
 * The kernel of the projector: bytes of JSON records in, columns out. One instance reads one source's records. It is told by calls what is
 * asked for (src/windows/projector/kernel-plan.ts makes them, in the order of this file), and then goes over batch after batch.
 *
 * Addresses are of this memory. Views over it are void once it has grown, which any call may cause.
 */
import { add, clear, createDictionary, find, forgetNotes, heldAt, lengthOf, setBits, setNote } from './dictionary.ts';
import { createFields, fieldAt, NumberTest } from './fields.ts';
import { createList, item, push } from './list.ts';
import { allocate, release } from './memory.ts';
import { Pattern } from './patterns.ts';
import { Adds, Dimension, Feed, Lookup, plan, pushTest } from './plan.ts';
import { DOUBTFUL, IGNORED, project } from './record.ts';
import { Demand, Rule } from './rules.ts';
import { addName, createScanner } from './scan.ts';
import { createTimeReader } from './times.ts';

let keys: usize = 0;

/** So many bytes, all 0, for whatever the caller has to say; for good. */
export function take(size: usize): usize {
  return allocate(size);
}

/** @param words six of them, random and unknown outside: seeds of the dictionaries; then the keys of the ids' hash and of the values' hash */
export function begin(fieldCount: u32, words: usize, recordBytesMax: u32): void {
  keys = words;
  plan.idKey = words + 24;
  plan.distinctKey = words + 32;
  plan.recordBytesMax = recordBytesMax;
  createFields(fieldCount);
  createScanner(keys);
}

/** Names the next field; UTF-8. */
export function nameField(at: usize, length: u32): void {
  addName(at, at + (length as usize));
}

/** The field's texts are known by number. @param learns also those that come; @param slots for notes of each */
export function codeField(index: u32, learns: bool, slots: u32): void {
  const field = fieldAt(index);
  field.dictionary = createDictionary(slots, keys);
  field.learns = learns;
  field.numbers = createList();
}

/** Records have the value of a coded field: it is looked up, before `where` is judged or after. */
export function resolveField(index: u32, isFirst: bool): void {
  push(isFirst ? plan.first : plan.rest, index as usize);
}

/** The entry of a text of a coded field, which is added where it is new. */
export function entryOf(index: u32, at: usize, length: u32): u32 {
  const dictionary = fieldAt(index).dictionary;
  const known = find(dictionary, at, at + (length as usize));
  return known >= 0 ? known : add(dictionary, at, at + (length as usize));
}

export function setEntryBits(index: u32, entry: u32, bits: u32): void {
  setBits(fieldAt(index).dictionary, entry, bits);
}

export function noteEntry(index: u32, entry: u32, slot: u32, note: i32): void {
  setNote(fieldAt(index).dictionary, entry, slot, note);
}

export function forgetSlot(index: u32, slot: u32): void {
  forgetNotes(fieldAt(index).dictionary, slot);
}

export function clearEntries(index: u32): void {
  clear(fieldAt(index).dictionary);
}

export function entryCount(index: u32): u32 {
  return fieldAt(index).dictionary.size;
}

/** Bytes of all texts of the field. */
export function heldBytes(index: u32): u32 {
  return fieldAt(index).dictionary.heldSize;
}

export function entryAddress(index: u32, entry: u32): usize {
  return heldAt(fieldAt(index).dictionary, entry);
}

export function entryLength(index: u32, entry: u32): u32 {
  return lengthOf(fieldAt(index).dictionary, entry);
}

/** Bits of values that are no texts. */
export function setLiteralBits(index: u32, ofTrue: u32, ofFalse: u32, ofNull: u32): void {
  const field = fieldAt(index);
  field.bitsOfTrue = ofTrue;
  field.bitsOfFalse = ofFalse;
  field.bitsOfNull = ofNull;
}

/** For all numbers from `least` to `most`; those of all that hold a number come together. */
export function setNumberBits(index: u32, least: f64, most: f64, bits: u32): void {
  const test = changetype<NumberTest>(allocate(offsetof<NumberTest>()));
  test.least = least;
  test.most = most;
  test.bits = bits;
  push(fieldAt(index).numbers, changetype<usize>(test));
}

export function addWhere(field: u32, bits: u32): void {
  pushTest(plan.where, field, bits);
}

export function addLookup(by: u32, field: u32, slot: u32): void {
  const lookup = changetype<Lookup>(allocate(offsetof<Lookup>()));
  lookup.by = by;
  lookup.field = field;
  lookup.slot = slot;
  push(plan.lookups, changetype<usize>(lookup));
}

/** @param id, version NONE where there is none; @param timeUnit of plan.ts; 2 is milliseconds; @param zoneMs NaN where times name their zone */
export function setEvent(id: u32, time: u32, timeUnit: u32, zoneMs: f64, version: u32, versionSlot: u32): void {
  plan.id = id;
  plan.time = time;
  plan.timeUnit = timeUnit;
  plan.zoneMs = zoneMs;
  plan.version = version;
  plan.versionSlot = versionSlot;
}

/** The rules of one version: what follows is of it, until the next. */
export function addDemand(isClosed: bool): void {
  const demand = changetype<Demand>(allocate(offsetof<Demand>()));
  demand.isClosed = isClosed;
  demand.rules = createList();
  demand.further = createList();
  push(plan.demands, changetype<usize>(demand));
}

function lastDemand(): Demand {
  return changetype<Demand>(item(plan.demands, plan.demands.count - 1) as usize);
}

export function addFurther(field: u32): void {
  push(lastDemand().further, field as usize);
}

export function addRule(field: u32, kinds: u32, oneOf: u32): void {
  const rule = changetype<Rule>(allocate(offsetof<Rule>()));
  rule.field = field;
  rule.kinds = kinds;
  rule.oneOf = oneOf;
  rule.patterns = createList();
  rule.tests = createList();
  push(lastDemand().rules, changetype<usize>(rule));
}

function lastRule(): Rule {
  const rules = lastDemand().rules;
  return changetype<Rule>(item(rules, rules.count - 1) as usize);
}

export function demandLength(least: u32, most: u32): void {
  const rule = lastRule();
  rule.readsText = true;
  rule.readsLength = true;
  rule.minLength = least;
  rule.maxLength = most;
}

export function demandUuid(): void {
  lastRule().readsText = true;
  lastRule().isUuid = true;
}

export function demandTime(): void {
  lastRule().readsText = true;
  lastRule().isTime = true;
  lastRule().times = createTimeReader();
}

/** Test `test` of JavaScript's. */
export function demandTest(test: u32): void {
  lastRule().readsText = true;
  push(lastRule().tests, test as usize);
}

/** A pattern as a table, and JavaScript's test of the same. */
export function demandPattern(next: usize, accepts: usize, test: u32): void {
  const pattern = changetype<Pattern>(allocate(offsetof<Pattern>()));
  pattern.next = next;
  pattern.accepts = accepts;
  pattern.test = test;
  lastRule().readsText = true;
  push(lastRule().patterns, changetype<usize>(pattern));
}

export function demandNumber(isWhole: bool, minimum: f64, maximum: f64, above: f64, below: f64, multipleOf: f64): void {
  const rule = lastRule();
  rule.readsNumber = true;
  rule.isWhole = isWhole;
  rule.minimum = minimum;
  rule.maximum = maximum;
  rule.exclusiveMinimum = above;
  rule.exclusiveMaximum = below;
  rule.multipleOf = multipleOf;
}

export function addDimension(field: u32, slot: u32): void {
  const dimension = changetype<Dimension>(allocate(offsetof<Dimension>()));
  dimension.field = field;
  dimension.slot = slot;
  push(plan.dimensions, changetype<usize>(dimension));
}

/** @param adds of plan.ts; tests follow by `addFeedTest` */
export function addFeed(adds: u32, field: u32): void {
  const feed = changetype<Feed>(allocate(offsetof<Feed>()));
  feed.adds = adds;
  feed.field = field;
  feed.where = createList();
  push(plan.feeds, changetype<usize>(feed));
}

function feedAt(index: u32): Feed {
  return changetype<Feed>(item(plan.feeds, index) as usize);
}

export function addFeedTest(field: u32, bits: u32): void {
  pushTest(feedAt(plan.feeds.count - 1).where, field, bits);
}

/** The columns stand one behind the other; those before are given back. */
let columnsAt: usize = 0;
let columnsBytes: usize = 0;
let nextColumn: usize = 0;

function column(bytes: usize): usize {
  const at = nextColumn;
  nextColumn = (at + bytes + 31) & ~31;
  return at;
}

/** Takes columns for batches of so many records; what stood in the columns before is lost. */
export function allocateColumns(capacity: u32): void {
  release(columnsAt, columnsBytes);
  // First without a place, to know how long they are together.
  nextColumn = 0;
  placeColumns(capacity as usize);
  columnsBytes = nextColumn;
  columnsAt = allocate(columnsBytes);
  nextColumn = columnsAt;
  placeColumns(capacity as usize);
}

function placeColumns(capacity: usize): void {
  const words = capacity << 2;
  plan.ends = column(words);
  plan.outcomes = column(capacity);
  plan.times = column(words * 2);
  plan.idLow = column(words);
  plan.idHigh = column(words);
  for (let k: u32 = 0; k < plan.dimensions.count; k++) {
    changetype<Dimension>(item(plan.dimensions, k) as usize).codes = column(words);
  }
  for (let k: u32 = 0; k < plan.feeds.count; k++) {
    const feed = feedAt(k);
    feed.values = column(words * 2);
    if (feed.adds === Adds.HASH) {
      feed.low = column(words);
      feed.high = column(words);
    } else if (feed.adds === Adds.TEXT) {
      feed.entries = column(words);
    }
  }
}

export function endsColumn(): usize {
  return plan.ends;
}

export function outcomesColumn(): usize {
  return plan.outcomes;
}

export function timesColumn(): usize {
  return plan.times;
}

export function idLowColumn(): usize {
  return plan.idLow;
}

export function idHighColumn(): usize {
  return plan.idHigh;
}

export function codesColumn(dimension: u32): usize {
  return changetype<Dimension>(item(plan.dimensions, dimension) as usize).codes;
}

export function valuesColumn(feed: u32): usize {
  return feedAt(feed).values;
}

export function hashLowColumn(feed: u32): usize {
  return feedAt(feed).low;
}

export function hashHighColumn(feed: u32): usize {
  return feedAt(feed).high;
}

export function entriesColumn(feed: u32): usize {
  return feedAt(feed).entries;
}

/**
 * Decides the records [first, last) of a batch whose outcome is still DOUBTFUL, and leaves the others alone. Byte 0 of the batch would stand
 * at `base`; behind the last record there are 32 bytes that are free. Returns how many labels have no code yet (codesColumn: -1 - entry).
 */
export function decode(base: usize, first: u32, last: u32, bytesAreCharacters: bool): u32 {
  plan.newLabels = 0;
  let from = base + (first === 0 ? 0 : (load<u32>(plan.ends + ((first as usize) << 2) - 4) as usize));
  const end = base + (load<u32>(plan.ends + ((last as usize) << 2) - 4) as usize);
  v128.store(end, i64x2.splat(0));
  v128.store(end + 16, i64x2.splat(0));
  for (let i = first as usize; i < (last as usize); i++) {
    const to = base + (load<u32>(plan.ends + (i << 2)) as usize);
    if (load<u8>(plan.outcomes + i) === DOUBTFUL && to - from <= plan.recordBytesMax) {
      store<u8>(plan.outcomes + i, from === to ? IGNORED : project(i, from, to, bytesAreCharacters));
    }
    from = to;
  }
  return plan.newLabels;
}
