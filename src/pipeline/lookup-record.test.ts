import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import type { EngineSpec, SchemaVersions } from '../windows/spec.ts';
import { noteLookups, type LookupContent } from './lookup-record.ts';
import { fromStateEntries } from './state-codec.ts';

function specWith(table: Record<string, string>, versions?: SchemaVersions): EngineSpec {
  const lookups = [{ field: 'campaign', by: 'ad', file: 'ads.json', table }];
  return smallSpec({ sources: [smallSource({ topic: 'ads', lookups, ...(versions && { versions }) })] });
}

test('a table is noted once for each content, with the offsets from which it counts', async () => {
  const state = new Map<string, Uint8Array>();
  const log = { state: async (prefix: string) => [...state].filter(([key]) => key.startsWith(prefix)) };
  const note = async (table: Record<string, string>, offset: number): Promise<string[]> => {
    const { changes, changed } = await noteLookups(log, specWith(table), new Map([['ads/0', offset]]));
    for (const [key, value] of changes) state.set(key, value!);
    return changed;
  };
  assert.deepEqual(await note({ a: '1', b: '2' }, 0), []);
  assert.deepEqual(await note({ b: '2', a: '1' }, 500), []);
  assert.deepEqual(await note({ a: '1', b: '3' }, 900), ['ads.json']);
  const [[, contents]] = fromStateEntries('lookup/p/', [...state]) as [[string, LookupContent[]]];
  assert.deepEqual(
    contents.map((content) => content.from),
    [{ 'ads/0': 0 }, { 'ads/0': 900 }],
  );
});

test('versions of a schema are noted each by itself: one that comes anew without a word, one that was mended by its file', async () => {
  const state = new Map<string, Uint8Array>();
  const log = { state: async (prefix: string) => [...state].filter(([key]) => key.startsWith(prefix)) };
  const note = async (schemas: Record<string, object>): Promise<string[]> => {
    const of = Object.entries(schemas).map(([version, schema]) => ({ version, file: `${version}.json`, schema: { ...schema } }));
    const { changes, changed } = await noteLookups(log, specWith({}, { field: 'v', schemas: of }), new Map([['ads/0', state.size]]));
    for (const [key, value] of changes) state.set(key, value!);
    return changed;
  };
  assert.deepEqual(await note({ v1: { type: 'object' } }), []);
  assert.deepEqual(await note({ v1: { type: 'object' }, v2: {} }), []);
  assert.deepEqual(await note({ v1: { type: 'object' }, v2: { required: ['a'] } }), ['v2.json']);
  assert.deepEqual(await note({ v1: { type: 'object' }, v2: { required: ['a'] } }), []);
  assert.deepEqual(
    [...state.keys()].filter((key) => key.includes('schemas')),
    ['lookup/p/events/schemas/v1', 'lookup/p/events/schemas/v2'],
  );
});
