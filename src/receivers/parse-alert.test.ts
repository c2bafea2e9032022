import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { parseAlert } from './parse-alert.ts';

test('what is no alert is left out', () => {
  const { severity: _, ...unweighed } = sampleAlert;
  for (const other of ['', 'a test line', 'null', '[]', '{}', JSON.stringify(unweighed), JSON.stringify({ ...sampleAlert, members: 'x' })])
    assert.equal(parseAlert(other), undefined, other);
  assert.deepEqual(parseAlert(JSON.stringify(sampleAlert)), sampleAlert);
});

test('a record that no receiver could put into words is no alert; one of before alerts had a runbook is', () => {
  const needed = [
    'message',
    'series',
    'pipeline',
    'metric_name',
    'since',
    'expected_value',
    'current_value',
    'explanation',
    'likely_causes',
  ];
  for (const name of needed) assert.equal(parseAlert(JSON.stringify({ ...sampleAlert, [name]: undefined })), undefined, name);
  for (const odd of [
    { explanation: {} },
    { since: 'once' },
    { unit: 5 },
    { impact: { money_per_hour: 1, currency: '' } },
    { message: 5 },
  ]) {
    assert.equal(parseAlert(JSON.stringify({ ...sampleAlert, ...odd })), undefined, JSON.stringify(odd));
  }
  const earlier = { ...sampleAlert, runbook: undefined };
  assert.equal(parseAlert(JSON.stringify(earlier))?.alert_id, sampleAlert.alert_id);
});

test('a dimension that stands in the place of a field is no such field', () => {
  const labels = { members: 'yes', part_of: 'us', country: 'US' };
  const record = { ...sampleAlert, ...labels, labels };
  assert.deepEqual(parseAlert(JSON.stringify(record)), { ...sampleAlert, country: 'US', labels });
  const spoken = { ...record, part_of: sampleAlert.alert_id };
  assert.equal(parseAlert(JSON.stringify(spoken))?.part_of, sampleAlert.alert_id);
});
