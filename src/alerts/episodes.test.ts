import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import type { AlertEvent, AlertMember } from '../receivers/alert-event.ts';
import { noteRecord, type Episode } from './episodes.ts';

test('an alert speaks for those whom its newest record names while it fires; its end names nobody, and leaves that as it was', () => {
  const [video, banner] = ['video', 'banner'].map((ad_format): AlertMember => ({
    alert_id: ad_format,
    labels: { ad_format },
    series: '',
    since: sampleAlert.since,
    told: true,
  })) as [AlertMember, AlertMember];
  const episodes = new Map<string, Episode>();
  const note = (changes: Partial<AlertEvent>): Episode['members'] => noteRecord(episodes, { ...sampleAlert, ...changes }).members;
  assert.deepEqual(note({ members: [video, banner] }), [video, banner]);
  assert.deepEqual(note({ repeat: 1, members: [banner] }), [banner]);
  assert.deepEqual(note({ status: 'resolved' }), [banner]);
  assert.deepEqual(note({ members: [video] }), [video], 'it fires again');
  assert.equal(note({ repeat: 2 }), undefined, 'the last of them has ended');
  assert.equal(note({ status: 'resolved' }), undefined);
});
