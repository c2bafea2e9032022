import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertEvidence, AlertExplanation } from '../../../src/receivers/alert-event.ts';
import { figuresOf } from './alert-figures.ts';

const evidence: AlertEvidence = {
  one_in: 7.4e6,
  needed: 1.2e6,
  log: 16,
  log_needed: 14,
  since: '2026-03-02T08:36:00.000Z',
  expected_range: [1.8, 2.21],
  ratio_range: [0.43, 0.63],
};

const explanation: AlertExplanation = {
  text: '',
  observed: 1.04,
  expected: 2,
  ratio: 0.52,
  baseline: { windows: 4_500 },
  threshold: 1.3,
  not_fired_if: '',
  evidence,
};

test('the ranges of a bell stand beside its values, and not beside those of a reminder', () => {
  const notes = (changes: Partial<AlertExplanation>): unknown =>
    figuresOf({ unit: '%', explanation: { ...explanation, ...changes } }, 'ratio', 'en').map(({ value, note }) => [value, note]);
  assert.deepEqual(notes({}), [
    ['1.04%', undefined],
    ['2.00%', '1.80% – 2.21%'],
    ['×0.52', '×0.43 – ×0.63'],
    ['1 : 7.4M', undefined],
  ]);
  assert.deepEqual(notes({ going_on: true, observed: 0.42, expected: 0.84, ratio: 0.5 }), [
    ['0.42%', undefined],
    ['0.84%', undefined],
    ['×0.50', undefined],
    ['1 : 7.4M', undefined],
  ]);
  assert.equal(figuresOf({ unit: '%', explanation: { ...explanation, ratio: null } }, 'ratio', 'en').length, 3);
});
