import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnAt } from '../../log/batch.ts';
import { JsonFault, splitJsonArray } from './json-array.ts';

const elements = (text: string): string[] => {
  const column = splitJsonArray(Buffer.from(text), 1_000);
  return Array.from(column.ends, (_, i) => Buffer.from(columnAt(column, i)).toString());
};

test('elements keep their text', () => {
  assert.deepEqual(elements(' [ {"a": 1e400, "a" : -0.0},\n[1, 2 ,{}], "x\\u00e9\\"]" , null,[] , 12 ] \n'), [
    '{"a": 1e400, "a" : -0.0}',
    '[1, 2 ,{}]',
    '"x\\u00e9\\"]"',
    'null',
    '[]',
    '12',
  ]);
  assert.deepEqual(elements('[]'), []);
});

test('it takes what JSON.parse takes, and cuts where it cuts', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.constantFrom(undefined, 1, '\t'), (values, indent) => {
      assert.deepEqual(
        elements(JSON.stringify(values, undefined, indent)).map((text) => JSON.parse(text)),
        JSON.parse(JSON.stringify(values)),
      );
    }),
  );
});

test('it refuses what JSON.parse refuses: a text with one byte changed, taken out or put in', () => {
  const start = '[{"k":"v\\n\\u12Ab","n":-1.5e+3,"l":[true,false,null,[],{}]},0,0.5E-1]';
  const byte = fc.constantFrom(...'{}[]",:\\0123456789.eE+-utrfalsn \n\t\u0001\u007f');
  fc.assert(
    fc.property(fc.nat(start.length), fc.nat(2), byte, (at, kind, put) => {
      const text = start.slice(0, at) + (kind === 1 ? '' : put) + start.slice(at + (kind === 2 ? 0 : 1));
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.throws(() => elements(text), JsonFault, text);
        return;
      }
      if (!Array.isArray(expected)) assert.throws(() => elements(text), JsonFault, text);
      else
        assert.deepEqual(
          elements(text).map((each) => JSON.parse(each)),
          expected,
        );
    }),
    { numRuns: 2_000 },
  );
});

test('depth and number of elements are bounded', () => {
  assert.throws(() => elements(`[${'['.repeat(200_000)}`), JsonFault);
  assert.equal(elements(`[${'['.repeat(1_000)}${']'.repeat(1_000)}]`).length, 1);
  assert.throws(() => splitJsonArray(Buffer.from('[1,2,3]'), 2), RangeError);
  for (const text of ['', '{"a":1}', '[1', '[1,]', '[1] x', '[1}', '[{]']) assert.throws(() => elements(text), JsonFault, text);
});
