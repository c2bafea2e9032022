/** One record: what it is, and its columns where it is accepted. */
import { heldAt, lengthOf, noteOf } from './dictionary.ts';
import { Field, fieldAt } from './fields.ts';
import { hashBytes } from './hash.ts';
import { spell, timeAt } from './host.ts';
import { ABSENT, ESCAPED, NULL, NUMBER, OBJECT, TEXT } from './kinds.ts';
import { item } from './list.ts';
import { digitsAt, isSpelledPlainly } from './numbers.ts';
import { Demand, demandHolds } from './rules.ts';
import { NOT_SURE, scan } from './scan.ts';
import { Adds, Dimension, Feed, FieldTest, Lookup, NONE, plan, TimeUnit } from './plan.ts';
import { readTime, TIME_LAST_MS } from './times.ts';
import { entryOfText, resolve } from './values.ts';

/** Outcomes, as in src/core/outcome.ts; DOUBTFUL: the record is left to others. */
const ACCEPTED: u32 = 0;
export const IGNORED: u32 = 4;
export const DOUBTFUL: u32 = 255;

const spelled = memory.data(32);

/** Fills element `i` of the columns where the record at [from, to) is accepted. */
export function project(i: usize, from: usize, to: usize, bytesAreCharacters: bool): u32 {
  const scanned = scan(from, to);
  if (scanned === NOT_SURE || !resolveAll(plan.first.at, plan.first.count)) return DOUBTFUL;
  let wanted = true;
  for (let k: u32 = 0; k < plan.where.count; k++) {
    const test = changetype<FieldTest>(item(plan.where, k) as usize);
    const field = fieldAt(test.field);
    if ((field.bits & test.bit) !== 0) continue;
    // A field that is absent may be a fault: that is judged first.
    if (field.kind !== ABSENT) return IGNORED;
    wanted = false;
  }
  for (let k: u32 = 0; k < plan.lookups.count; k++) {
    const lookup = changetype<Lookup>(item(plan.lookups, k) as usize);
    if (fieldAt(lookup.by).kind !== TEXT || fieldAt(lookup.field).kind !== ABSENT) return DOUBTFUL;
    if (!join(lookup)) return IGNORED;
  }
  if (!resolveAll(plan.rest.at, plan.rest.count)) return DOUBTFUL;
  const version = plan.version === NONE ? 0 : versionNamed(fieldAt(plan.version));
  if (version < 0) return DOUBTFUL;
  if (!demandHolds(changetype<Demand>(item(plan.demands, version) as usize), scanned, bytesAreCharacters)) return DOUBTFUL;
  const time = eventTime(fieldAt(plan.time));
  if (isNaN(time)) return DOUBTFUL;
  if (plan.id !== NONE) {
    const id = fieldAt(plan.id);
    // A number is told apart by its text, which others have to find where it is not as it stands there.
    if (id.kind !== TEXT && !(id.kind === NUMBER && isSpelledPlainly(id.start, id.end))) return DOUBTFUL;
    if (wanted) hashBytes(plan.idKey, id.start, id.end, plan.idLow + (i << 2), plan.idHigh + (i << 2));
  }
  if (!wanted) return IGNORED;
  store<f64>(plan.times + (i << 3), time);
  for (let k: u32 = 0; k < plan.dimensions.count; k++) {
    label(changetype<Dimension>(item(plan.dimensions, k) as usize), i);
  }
  for (let k: u32 = 0; k < plan.feeds.count; k++) {
    if (!contribute(changetype<Feed>(item(plan.feeds, k) as usize), i)) return DOUBTFUL;
  }
  return ACCEPTED;
}

function resolveAll(fields: usize, count: u32): bool {
  for (let k: u32 = 0; k < count; k++) {
    if (!resolve(fieldAt(load<u32>(fields + ((k as usize) << 2))))) return false;
  }
  return true;
}

/** Puts what the lookup has for the text of its key into its field; false where the table lacks it. */
function join(lookup: Lookup): bool {
  const by = fieldAt(lookup.by);
  if (by.entry < 0) return false;
  const entry = noteOf(by.dictionary, by.entry, lookup.slot);
  if (entry < 0) return false;
  const field = fieldAt(lookup.field);
  const table = field.dictionary;
  field.kind = TEXT;
  field.start = heldAt(table, entry);
  field.end = field.start + (lengthOf(table, entry) as usize);
  return resolve(field);
}

/** Which of the versions the field names; below 0 where it names none. */
function versionNamed(field: Field): i32 {
  if (field.kind !== NUMBER && field.kind !== TEXT) return -1;
  const entry = entryOfText(field);
  return entry < 0 ? -1 : noteOf(field.dictionary, entry, plan.versionSlot);
}

/** Epoch ms; NaN where others have to look. */
function eventTime(field: Field): f64 {
  if (field.kind === TEXT) {
    if (plan.timeUnit === TimeUnit.ISO) return readTime(plan.timeReader, field.start, field.end, plan.zoneMs);
    const digits = digitsAt(field.start, field.end);
    return digits >= 0 ? instant(digits, field) : timeAt(field.start, field.end, true);
  }
  return field.kind === NUMBER && plan.timeUnit !== TimeUnit.ISO ? instant(field.value, field) : NaN;
}

function instant(value: f64, field: Field): f64 {
  const ms = plan.timeUnit === TimeUnit.SECONDS ? value * 1000 : value;
  // How it is rounded is asked of JavaScript.
  if (trunc(ms) !== ms || !(ms > 0 && ms <= TIME_LAST_MS)) return timeAt(field.start, field.end, field.kind === TEXT);
  return ms;
}

/** The label's code; or, where it has none yet, its entry as -1 - entry, for JavaScript to give it one. */
function label(dimension: Dimension, i: usize): void {
  const field = fieldAt(dimension.field);
  const entry = entryOfText(field);
  let code = noteOf(field.dictionary, entry, dimension.slot);
  if (code < 0) {
    code = -1 - entry;
    plan.newLabels++;
  }
  store<i32>(dimension.codes + (i << 2), code);
}

/** What the record adds to a column; false where it is not sure. */
function contribute(feed: Feed, i: usize): bool {
  const to = feed.values + (i << 3);
  for (let k: u32 = 0; k < feed.where.count; k++) {
    const test = changetype<FieldTest>(item(feed.where, k) as usize);
    if ((fieldAt(test.field).bits & test.bit) !== 0) continue;
    store<f64>(to, NaN);
    return true;
  }
  if (feed.adds === Adds.ONE) {
    store<f64>(to, 1);
    return true;
  }
  const field = fieldAt(feed.field);
  const kind = field.kind;
  if (feed.adds === Adds.HASH || feed.adds === Adds.TEXT) return contributeValue(feed, field, i);
  // What is there must be a number to be added up.
  if (kind !== NUMBER && kind !== ABSENT && kind !== NULL) return false;
  // + 0 makes -0 a plain 0, as the reference does.
  const value = feed.adds === Adds.NUMBER ? field.value + 0 : 1;
  store<f64>(to, kind === NUMBER ? value : NaN);
  return true;
}

function contributeValue(feed: Feed, field: Field, i: usize): bool {
  const kind = field.kind;
  if (kind === ESCAPED) return false;
  const isThere = kind !== ABSENT && kind !== NULL && kind < OBJECT;
  store<f64>(feed.values + (i << 3), isThere ? 1 : NaN);
  if (!isThere) return true;
  if (feed.adds === Adds.TEXT) {
    store<i32>(feed.entries + (i << 2), entryOfText(field));
    return true;
  }
  let from = field.start;
  let end = field.end;
  if (kind === NUMBER && !isSpelledPlainly(from, end)) {
    from = spelled;
    end = from + (spell(field.value, spelled) as usize);
  }
  hashBytes(plan.distinctKey, from, end, feed.low + (i << 2), feed.high + (i << 2));
  return true;
}
