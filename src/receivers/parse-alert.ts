/** Reads a record of an alerts topic. That is open to others, and what they write there must not keep alerts from anybody. */
import { parseJson } from '../core/json.ts';
import { OPTIONAL_FIELDS, type AlertEvent } from './alert-event.ts';

const isText = (value: unknown): value is string => typeof value === 'string';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined for what no version of ours has written: it lacks what decides who is told. */
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
  const { alert_id, alert_type, alert_time, severity, status, labels, members = [] } = value;
  return (
    isText(alert_id) &&
    isText(alert_type) &&
    isText(severity) &&
    isText(alert_time) &&
    Number.isFinite(Date.parse(alert_time)) &&
    (status === 'firing' || status === 'resolved') &&
    isObject(labels) &&
    Object.values(labels).every(isText) &&
    Array.isArray(members) &&
    members.every((member) => isObject(member) && isText(member['alert_id']))
  );
}
