/** A schema's rules on the fields of a record. True only where they surely hold; the reason of a fault is for others to find. */
import { fieldAt } from './fields.ts';
import { textHolds } from './host.ts';
import { ABSENT, NUMBER, TEXT } from './kinds.ts';
import { item, List } from './list.ts';
import { matches, MATCH, NO_MATCH, Pattern } from './patterns.ts';
import { OTHER_FIELDS } from './scan.ts';
import { codePoints, isUuid } from './texts.ts';
import { readTime, TimeReader } from './times.ts';

/** What is demanded of one field. */
@unmanaged
export class Rule {
  field: u32;
  /** A bit per kind that is allowed. */
  kinds: u32;
  /** Mask of the bit that says that the value is allowed; 0: any is. */
  oneOf: u32;
  readsText: bool;
  readsLength: bool;
  isUuid: bool;
  readsNumber: bool;
  isWhole: bool;
  /** Code points. */
  minLength: u32;
  maxLength: u32;
  /** A time of RFC 3339; then `times` reads it. */
  isTime: bool;
  times: TimeReader;
  /** Pattern. */
  patterns: List;
  /** Tests of JavaScript's. */
  tests: List;
  minimum: f64;
  maximum: f64;
  exclusiveMinimum: f64;
  exclusiveMaximum: f64;
  /** NaN: of nothing. */
  multipleOf: f64;
}

/** What is demanded of an event. */
@unmanaged
export class Demand {
  /** No further fields are allowed. */
  isClosed: bool;
  /** Rule. */
  rules: List;
  /** The fields that count as further ones although somebody asks for them. */
  further: List;
}

/** `bytesAreCharacters`: there is nothing but ASCII. `scanned`: what the scan said. */
export function demandHolds(demand: Demand, scanned: u32, bytesAreCharacters: bool): bool {
  if (demand.isClosed) {
    if (scanned === OTHER_FIELDS) return false;
    for (let k: u32 = 0; k < demand.further.count; k++) if (fieldAt(item(demand.further, k)).kind !== ABSENT) return false;
  }
  const count = demand.rules.count;
  for (let k: u32 = 0; k < count; k++) {
    const rule = changetype<Rule>(item(demand.rules, k) as usize);
    const field = fieldAt(rule.field);
    const kind = field.kind;
    if (((rule.kinds >> kind) & 1) === 0) return false;
    if (rule.oneOf !== 0 && kind !== ABSENT && (field.bits & rule.oneOf) === 0) return false;
    if (kind === TEXT) {
      if (rule.readsText && !textRuleHolds(rule, field.start, field.end, bytesAreCharacters)) return false;
    } else if (kind === NUMBER && rule.readsNumber && !numberRuleHolds(rule, field.value)) return false;
  }
  return true;
}

function textRuleHolds(rule: Rule, from: usize, to: usize, bytesAreCharacters: bool): bool {
  if (rule.isUuid && !isUuid(from, to)) return false;
  if (rule.readsLength) {
    const length = bytesAreCharacters ? ((to - from) as u32) : codePoints(from, to);
    if (length < rule.minLength || length > rule.maxLength) return false;
  }
  if (rule.isTime && isNaN(readTime(rule.times, from, to, NaN))) return false;
  for (let k: u32 = 0; k < rule.patterns.count; k++) {
    const pattern = changetype<Pattern>(item(rule.patterns, k) as usize);
    const matched = matches(pattern, from, to);
    if (matched === NO_MATCH) return false;
    if (matched !== MATCH && !textHolds(pattern.test, from, to)) return false;
  }
  for (let k: u32 = 0; k < rule.tests.count; k++) if (!textHolds(item(rule.tests, k), from, to)) return false;
  return true;
}

function numberRuleHolds(rule: Rule, value: f64): bool {
  if (value < rule.minimum || value > rule.maximum) return false;
  if (value <= rule.exclusiveMinimum || value >= rule.exclusiveMaximum) return false;
  if (rule.isWhole && trunc(value) !== value) return false;
  if (isNaN(rule.multipleOf)) return true;
  const times = value / rule.multipleOf;
  // Beyond that ajv's own way of asking has its limits; it is left to it.
  return trunc(times) === times && abs(times) < 1e15;
}
