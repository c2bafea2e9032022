/** Alerts beyond those that are listed count as they would in the list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { createRungAlerts } from './rung-alerts.ts';
import { sampleAlert } from '../../../test/support/sample-alert.ts';

const ALWAYS = { from: -Infinity, to: Infinity };

/** Three at once: one speaks for the others, which ring by themselves once it has ended; one of them ends before. */
const EVENTS: readonly AlertEvent[] = [
  { ...sampleAlert, alert_id: 'speaker' },
  { ...sampleAlert, alert_id: 'left', part_of: 'speaker' },
  { ...sampleAlert, alert_id: 'over', part_of: 'speaker' },
  // Graver than it was told, and still part of another one.
  { ...sampleAlert, alert_id: 'left', part_of: 'speaker', repeat: 1 },
  { ...sampleAlert, alert_id: 'over', part_of: 'speaker', status: 'resolved' },
  { ...sampleAlert, alert_id: 'speaker', status: 'resolved' },
  { ...sampleAlert, alert_id: 'left', repeat: 2 },
  { ...sampleAlert, alert_id: 'left', repeat: 3 },
  { ...sampleAlert, alert_id: 'left', status: 'resolved' },
];

function countsWith(most: number, events: readonly AlertEvent[] = EVENTS) {
  const rung = createRungAlerts(ALWAYS, most);
  for (const event of events) rung.note(event);
  const { alerts, dropped } = rung.judged();
  const folded = alerts.filter(({ part_of }) => part_of !== undefined).length;
  return { listed: alerts.length, rang: alerts.length - folded + dropped.rang, folded: folded + dropped.folded };
}

test('one that was folded, and rings by itself once its speaker has ended, has rung, listed or not', () => {
  for (const most of [0, 1, 2, 3]) assert.deepEqual(countsWith(most), { listed: most, rang: 2, folded: 1 }, `${most} listed`);
});

test('while its speaker goes on it is folded, listed or not', () => {
  for (const most of [0, 1, 2, 3]) {
    assert.deepEqual(countsWith(most, EVENTS.slice(0, 4)), { listed: most, rang: 1, folded: 2 }, `${most} listed`);
  }
});
