import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { formatDuration, parseDuration } from './duration.ts';

test('a duration written out is read back, in its largest whole unit', () => {
  assert.equal(parseDuration('250ms'), 250);
  assert.equal(parseDuration('26h'), 93_600_000);
  assert.equal(formatDuration(90_000), '90s');
  assert.equal(formatDuration(86_400_000), '1d');
  assert.equal(formatDuration(0), '0ms');
  fc.assert(fc.property(fc.nat(), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)));
});

test('what is no duration is refused', () => {
  for (const text of ['', '5', 's', '-5s', '1.5h', '5 s', '5S', '9999999999999d', '999999999999d', '５s'])
    assert.equal(parseDuration(text), undefined, text);
});
