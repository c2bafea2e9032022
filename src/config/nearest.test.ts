import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.ts';

test('finds what was probably meant, and nothing where nothing is near', () => {
  const names = ['dimensions', 'measures', 'sum', 'event_id', 'US'];
  const cases: [string, string | undefined][] = [
    ['dimension', 'dimensions'],
    ['mesaures', 'measures'],
    ['smu', 'sum'],
    ['eventId', 'event_id'],
    ['us', 'US'],
    ['UK', undefined],
    ['windows', undefined],
    ['x'.repeat(100_000), undefined],
  ];
  for (const [found, expected] of cases) assert.equal(nearest(found, names), expected, found.slice(0, 20));
});
