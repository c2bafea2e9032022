import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedAt, rowAt } from '../../test/support/window-row.ts';
import { parseWindowRecord } from './parse-row.ts';

test('rows and closed records come back as they were written', () => {
  for (const record of [rowAt(0, { labels: { country: 'US' }, version: String(2n ** 64n - 1n) }), closedAt(60_000)]) {
    assert.deepEqual(parseWindowRecord(JSON.stringify(record)), record);
  }
});

test('what is no record of a window is none, whatever it looks like', () => {
  const { window_end: _, ...openEnd } = closedAt(0);
  const strangers: unknown[] = [null, 1, [], {}, { kind: 'row' }, openEnd, { ...closedAt(0), kind: 'note' }];
  const spoilt = { window_start: 'soon', labels: { country: 1 }, state: null, events: '1', version: '-1', origin: 0, partitions: {} };
  for (const [name, value] of Object.entries(spoilt)) strangers.push({ ...rowAt(0), [name]: value });
  strangers.push({ ...rowAt(0), version: String(2n ** 64n) });
  const texts = ['', 'a test line', '{"kind":"row"', ...strangers.map((each) => JSON.stringify(each))];
  for (const text of texts) assert.equal(parseWindowRecord(text), undefined, text);
});
