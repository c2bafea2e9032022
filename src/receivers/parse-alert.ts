/** Reads a record of an alerts topic. That is open to others, and what they write there must not keep alerts from anybody. */
import { parseJson } from '../core/json.ts';
import { isCurrency } from '../core/money-text.ts';
import { OPTIONAL_FIELDS, type AlertEvent } from './alert-event.ts';

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isTime = (value: unknown): boolean => isText(value) && Number.isFinite(Date.parse(value));
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined for what no version of ours has written: it lacks what decides who is told, or what they are told. */
export function parseAlert(record: string): AlertEvent | undefined {
  const found = parseJson(record);
  if (!isObject(found)) return undefined;
  const event = withoutDimensions(found);
  return isAlert(event) ? event : undefined;
}

/** Records of earlier versions may have a dimension in the place of a field that they lack. */
function withoutDimensions(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { labels } = record;
  if (!isObject(labels) || !OPTIONAL_FIELDS.some((name) => labels[name] !== undefined)) return record;
  const isField = ([name, value]: readonly [string, unknown]): boolean => !OPTIONAL_FIELDS.includes(name) || value !== labels[name];
  return Object.fromEntries(Object.entries(record).filter(isField));
}

function isAlert(value: Readonly<Record<string, unknown>>): value is AlertEvent {
  return tellsWho(value) && tellsWhat(value);
}

/** What decides who is told. */
function tellsWho({
  alert_id,
  alert_type,
  alert_time,
  severity,
  status,
  labels,
  members = [],
}: Readonly<Record<string, unknown>>): boolean {
  return (
    [alert_id, alert_type, severity].every(isText) &&
    isTime(alert_time) &&
    (status === 'firing' || status === 'resolved') &&
    isObject(labels) &&
    Object.values(labels).every(isText) &&
    Array.isArray(members) &&
    members.every((member) => isObject(member) && isText(member['alert_id']))
  );
}

/** What every receiver puts into words: one that fails at it would try again and again, and hold up the alerts behind it. */
function tellsWhat(value: Readonly<Record<string, unknown>>): boolean {
  const { message, series, pipeline, metric_name, since, current_value, expected_value, deviation_percent } = value;
  const { explanation, likely_causes, runbook = null, unit = null, impact = null } = value;
  return (
    [message, series, pipeline, metric_name].every(isText) &&
    isTime(since) &&
    isNumber(expected_value) &&
    [current_value, deviation_percent].every((each) => each === null || isNumber(each)) &&
    [unit, runbook].every((each) => each === null || isText(each)) &&
    isObject(explanation) &&
    [explanation['text'], explanation['not_fired_if']].every(isText) &&
    Array.isArray(likely_causes) &&
    likely_causes.every(isText) &&
    (impact === null || (isObject(impact) && isNumber(impact['money_per_hour']) && isCurrency(String(impact['currency']))))
  );
}
