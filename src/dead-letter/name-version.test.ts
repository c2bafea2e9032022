import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { nameVersion } from './name-version.ts';

const named = (text: string | Uint8Array, field = 'v'): string | undefined => nameVersion(Buffer.from(text), field, 'v2')?.toString();

test('the version is set where it stood, or comes last; nothing else changes', () => {
  assert.equal(named('{"a":1,"v":"v1","b":{"v":"v1"}}'), '{"a":1,"v":"v2","b":{"v":"v1"}}');
  assert.equal(named(' {"a":"é\\u0000"}\t'), '{"a":"é\\u0000","v":"v2"}');
  assert.equal(named('{"__proto__":{"x":1},"v":null}'), '{"__proto__":{"x":1},"v":"v2"}');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (record, field) => {
      const text = JSON.stringify(record);
      const got = JSON.parse(named(text, field)!) as Record<string, unknown>;
      const { [field]: version, ...rest } = got;
      const { [field]: _, ...others } = JSON.parse(text) as Record<string, unknown>;
      assert.equal(field === '__proto__' ? Object.entries(got).find(([key]) => key === field)?.[1] : version, 'v2');
      assert.deepEqual(rest, others);
    }),
  );
});

test('what is no JSON object names no version, nor what is nested too deep to be written again', () => {
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  for (const text of [deep, '', 'x', '{"a":1', '[{"v":1}]', 'null', '7', '"v"', Uint8Array.of(0x22, 0xff, 0x22)]) {
    assert.equal(named(text), undefined);
  }
});
