import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letterBytes, letterText } from './letter-text.ts';

test('JSON gets room to break, its values stay as they were written', () => {
  assert.equal(letterText({ payload: '{"a":1e400,"b":"x,y:\\"z"}' }), '{"a": 1e400, "b": "x,y:\\"z"}');
});

test('what is no JSON stays as it came, what is long is cut and says so, what is no text is none', () => {
  assert.equal(letterText({ payload: '{"a":1,' }), '{"a":1,');
  assert.equal(letterText({ payload: 'x'.repeat(5_000) })?.length, 1_002);
  assert.equal(letterText({}), undefined);
  assert.deepEqual(
    [letterBytes({ payload_base64: '/w==' }), letterBytes({ payload_base64: '/w==', truncated_from_bytes: 70_000 })],
    [1, 70_000],
  );
});
