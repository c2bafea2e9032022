/** Reads a record of an alerts topic. That is open to others, and what they write there must not keep alerts from anybody. */
import type { AlertEvent } from './alert-event.ts';

const isText = (value: unknown): value is string => typeof value === 'string';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined for what no version of ours has written: it lacks what decides who is told. */
export function parseAlert(record: string): AlertEvent | undefined {
  let found: unknown;
  try {
    found = JSON.parse(record);
  } catch {
    return undefined;
  }
  return isAlert(found) ? found : undefined;
}

function isAlert(value: unknown): value is AlertEvent {
  if (!isObject(value)) return false;
  const { alert_id, alert_type, alert_time, status, labels, members = [] } = value;
  return (
    isText(alert_id) &&
    isText(alert_type) &&
    isText(alert_time) &&
    Number.isFinite(Date.parse(alert_time)) &&
    (status === 'firing' || status === 'resolved') &&
    isObject(labels) &&
    Object.values(labels).every(isText) &&
    Array.isArray(members) &&
    members.every((member) => isObject(member) && isText(member['alert_id']))
  );
}
