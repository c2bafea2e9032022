import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wellFormedJson } from './well-formed-json.ts';

test('halves of surrogate pairs become U+FFFD, in names too; all else stays as it is', () => {
  const half = '\uD800';
  assert.deepEqual(JSON.parse(wellFormedJson({ [half]: `a${half}${half}b\uDFFF`, text: `\\${half}` })), {
    '\uFFFD': 'a\uFFFD\uFFFDb\uFFFD',
    text: '\\\uFFFD',
  });
  const whole = { a: '\uD83D\uDE00 \uD7FF \uE000', about: String.raw`\ud800 \\udc00`, json: JSON.stringify({ half }) };
  assert.deepEqual(JSON.parse(wellFormedJson(whole)), whole);
});
