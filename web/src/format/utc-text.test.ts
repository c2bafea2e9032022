import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { spanText, timeText } from '../../../src/alerts/value-text.ts';
import { formatZone, withNearTimes } from './utc-text.ts';

const zone = process.env['TZ'];
process.env['TZ'] = 'Asia/Seoul';
after(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const NOW = Date.parse('2025-12-18T04:00:00Z');
const said = (text: string): string => withNearTimes(text, '2025-12-18T01:00:00.000Z', NOW, 'en');

test('the times of a sentence are those of the viewer, as the server writes them', () => {
  assert.equal(said(`CTR was low in ${spanText('2025-12-18T02:57:00.000Z', '2025-12-18T02:58:00.000Z')}.`), 'CTR was low in 11:57–11:58.');
  assert.equal(said(`(${spanText('2025-12-18T02:57:10.000Z', '2025-12-18T02:57:20.000Z')})`), '(11:57:10–11:57:20)');
  assert.equal(said(`since ${timeText('2025-12-18T02:57:00.000Z')}: low`), 'since 11:57: low');
  assert.equal(said('US (02:57 UTC), KR (03:01 UTC)'), 'US (11:57), KR (12:01)');
});

test('the day is said where it is another', () => {
  assert.equal(said(spanText('2025-12-16T14:50:00.000Z', '2025-12-16T15:10:00.000Z')), 'Dec 16, 23:50–00:10');
  assert.equal(said(timeText('2025-12-17T23:00:30.000Z')), '08:00:30');
});

test('a zone is said by its distance from UTC', () => {
  assert.equal(formatZone(NOW), 'UTC+9');
  process.env['TZ'] = 'UTC';
  assert.equal(formatZone(NOW), 'UTC');
});
