import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { spanText, timeText } from '../../../src/core/told-time.ts';
import { formatZone, withNearTimes } from './utc-text.ts';

const zone = process.env['TZ'];
process.env['TZ'] = 'Asia/Seoul';
after(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const NOW = Date.parse('2025-12-18T04:00:00Z');
const said = (text: string): string => withNearTimes(text, NOW, 'en');
const span = (from: string, to: string): string => spanText(Date.parse(from), Date.parse(to));

test('the times of a sentence are those of the viewer, as the server writes them', () => {
  assert.equal(said(`CTR was low in ${span('2025-12-18T02:57:00Z', '2025-12-18T02:58:00Z')}.`), 'CTR was low in 11:57–11:58.');
  assert.equal(said(`(${span('2025-12-18T02:57:10Z', '2025-12-18T02:57:20Z')})`), '(11:57:10–11:57:20)');
  assert.equal(said(`since ${timeText(Date.parse('2025-12-18T02:57:00Z'))}: low`), 'since 11:57: low');
});

test('the day is said where it is another', () => {
  assert.equal(said(span('2025-12-16T14:40:00Z', '2025-12-16T14:50:00Z')), 'Dec 16, 23:40–23:50');
  assert.equal(said(span('2025-12-16T14:50:00Z', '2025-12-17T15:10:00Z')), 'Dec 16, 23:50–Dec 18, 00:10');
  assert.equal(said(timeText(Date.parse('2025-12-17T23:00:30Z'))), '08:00:30');
});

test('a zone is said by its distance from UTC', () => {
  assert.equal(formatZone(NOW), 'UTC+9');
  process.env['TZ'] = 'UTC';
  assert.equal(formatZone(NOW), 'UTC');
});
