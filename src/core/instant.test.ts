import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInstant, parseInstantOrDay } from './instant.ts';

test('an instant has a zone and is one of the calendar', () => {
  const at = Date.UTC(2026, 2, 2, 9);
  for (const text of ['2026-03-02T09:00Z', '2026-03-02T09:00:00.000000000Z', '2026-03-02T18:00:00+09:00'])
    assert.equal(parseInstant(text), at);
  for (const text of ['2026-03-02T09:00:00', '2026-03-02', '2026-13-02T09:00Z', '2026-03-02 09:00Z', '1772442000', '', 'now']) {
    assert.equal(parseInstant(text), undefined, text);
  }
  for (const never of ['2026-02-30T09:00Z', '2026-02-29T23:00:00-09:00', '2026-03-02T09:00+15:00', '2026-03-02T09:00+09:60'])
    assert.equal(parseInstant(never), undefined, never);
  assert.equal(parseInstant('2028-02-29T09:00Z'), Date.UTC(2028, 1, 29, 9));
});

test('a day is its midnight in UTC, where days are taken', () => {
  assert.equal(parseInstantOrDay('2026-03-02'), Date.UTC(2026, 2, 2));
  assert.equal(parseInstantOrDay('2026-03-02T09:00Z'), Date.UTC(2026, 2, 2, 9));
  for (const never of ['2026-03-32', '2026-02-30']) assert.equal(parseInstantOrDay(never), undefined);
});
