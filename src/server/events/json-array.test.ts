import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { columnAt } from '../../log/batch.ts';
import { splitJsonArray } from './json-array.ts';
import { createElementScan, JsonFault } from './json-scan.ts';

const elements = (text: string, stretchBytes = text.length + 1): string[] => {
  const bytes = Buffer.from(text);
  const { spans, scan } = createElementScan(bytes, 1_000);
  for (let until = stretchBytes; scan(until); until += stretchBytes);
  return spans.flatMap((from, i) => (i % 2 === 0 ? [bytes.subarray(from, spans[i + 1]).toString()] : []));
};

test('elements of an array are cut out letter for letter, numbers too', () => {
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

test('an object that stands alone is one element', () => {
  assert.deepEqual(elements(' {"a": [1e400, {}], "b":{"c":0}}\n'), ['{"a": [1e400, {}], "b":{"c":0}}']);
  assert.deepEqual(elements('{}'), ['{}']);
});

test('an array is taken where JSON.parse takes it, and its elements are the same', () => {
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
  const object = '{"k":"v\\n\\u12Ab","n":-1.5e+3,"l":[true,false,null,[],{}]}';
  const byte = fc.constantFrom(...'{}[]",:\\0123456789.eE+-utrfalsn \n\t\u0001\u007f');
  fc.assert(
    fc.property(fc.boolean(), fc.nat(object.length + 14), fc.nat(2), byte, (isAlone, place, kind, put) => {
      const start = isAlone ? object : `[${object},0,0.5E-1]`;
      const at = place % (start.length + 1);
      const text = start.slice(0, at) + (kind === 1 ? '' : put) + start.slice(at + (kind === 2 ? 0 : 1));
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.throws(() => elements(text), JsonFault, text);
        return;
      }
      if (typeof expected !== 'object' || expected === null) {
        assert.throws(() => elements(text), JsonFault, text);
        return;
      }
      assert.deepEqual(
        elements(text).map((each) => JSON.parse(each)),
        Array.isArray(expected) ? expected : [expected],
      );
      // Wherever a stretch ends.
      for (const bytes of [1, 2, 7]) assert.deepEqual(elements(text, bytes), elements(text));
    }),
    { numRuns: 2_000 },
  );
});

test('depth and number of elements are bounded', () => {
  assert.throws(() => elements(`[${'['.repeat(200_000)}`), JsonFault);
  assert.equal(elements(`[${'['.repeat(1_000)}${']'.repeat(1_000)}]`).length, 1);
  assert.throws(() => elements(`[${'['.repeat(1_001)}${']'.repeat(1_001)}]`), JsonFault);
  assert.throws(() => createElementScan(Buffer.from('[1,2,3]'), 2).scan(7), RangeError);
  for (const text of ['', '{"a":1},{"a":2}', '{"a":1}\n{"a":2}', '{"a":1', '1', '[1', '[1,]', '[1] x', '[1}', '[{]', '["a', '["a\\'])
    assert.throws(() => elements(text), JsonFault, text);
});

test('a column of the elements, and a body of many MB gives other work its turns', async () => {
  const column = await splitJsonArray(Buffer.from('[{"a":1}, "x" ,[ ]]'), 3);
  assert.deepEqual(
    Array.from(column.ends, (_, i) => Buffer.from(columnAt(column, i)).toString()),
    ['{"a":1}', '"x"', '[ ]'],
  );
  await assert.rejects(splitJsonArray(Buffer.from('[1,2,3]'), 2), RangeError);
  const parts = { nulls: 'null,', strings: '"' + 'x'.repeat(7 << 20) + '",', space: ' ' };
  for (const [name, part] of Object.entries(parts)) {
    const text = Buffer.from(`[[${part.repeat(Math.ceil((8 << 20) / part.length))}1]]`);
    let turns = 0;
    let isDone = false;
    const count = (): void => void (isDone || (turns++, setImmediate(count)));
    setImmediate(count);
    await splitJsonArray(text, 1);
    isDone = true;
    assert.ok(turns >= 7, `${name}: ${turns} turns for ${text.length} bytes`);
  }
});
