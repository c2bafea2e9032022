import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventCheck } from './event-check.ts';
import { sourceRulesOf } from './rules-of-schema.ts';

const rules = (schema: Readonly<Record<string, unknown>>) => sourceRulesOf({ schema });
const ofField = (property: unknown) => rules({ type: 'object', properties: { a: property } });

test('what rules cannot state is told by its place', () => {
  const $defs = { price: { type: 'number' } };
  assert.equal(rules({ type: 'object', minProperties: 1 }), '/minProperties of the schema');
  assert.equal(rules({ allOf: [] }), '/allOf of the schema');
  assert.equal(rules({ type: 'array' }), '/type of the schema');
  assert.equal(rules({ additionalProperties: { type: 'string' } }), '/additionalProperties of the schema');
  assert.equal(rules({ $defs, properties: { a: { $ref: '#/$defs/none' } } }), '/properties/a/$ref of the schema');
  assert.equal(rules({ $defs, properties: { a: { $ref: '#/$defs/price', minimum: 1 } } }), '/properties/a/$ref of the schema');
  for (const keyword of ['items', 'properties', 'not', 'if', 'nullable', 'contains']) {
    assert.equal(ofField({ [keyword]: {} }), `/properties/a/${keyword} of the schema`);
  }
  assert.equal(ofField({ enum: ['a', [1]] }), '/properties/a/enum of the schema');
  assert.equal(ofField({ anyOf: [{ type: 'string' }, { type: 'number' }] }), '/properties/a/anyOf of the schema');
  assert.equal(ofField({ oneOf: [{ minimum: 1 }, { type: 'null' }] }), '/properties/a/oneOf of the schema');
  assert.equal(ofField({ oneOf: [{ type: ['string', 'null'] }, { type: 'null' }] }), '/properties/a/oneOf of the schema');
  assert.equal(ofField(false), '/properties/a of the schema');
  const schemas = [{ version: '2', file: 'b.json', schema: { properties: { a: { items: {} } } } }];
  assert.equal(sourceRulesOf({ versions: { field: 'v', schemas } }), '/properties/a/items of b.json');
});

test('references, unions with null and notes are followed; every version has its rules', () => {
  const told = rules({
    title: 'an event',
    $defs: { price: { $ref: '#/$defs/number' }, number: { type: 'number', minimum: 1 } },
    required: ['b', 'c'],
    properties: { a: { $ref: '#/$defs/price' }, b: { anyOf: [{ type: 'null' }, { type: 'string', enum: ['x'] }], title: 'b' } },
    additionalProperties: false,
  });
  assert.ok(typeof told !== 'string' && 'rules' in told);
  const [a, b, c] = told.rules.fields;
  assert.deepEqual([a?.types, a?.minimum, a?.required], [['number'], 1, false]);
  assert.deepEqual([b?.types, b?.oneOf, b?.required], [['string', 'null'], ['x', null], true]);
  // Demanded and not described in a closed schema: nothing is right.
  assert.deepEqual([c?.name, c?.types, told.rules.closed], ['c', [], true]);
  const versions = sourceRulesOf({ versions: { field: 'v', schemas: [{ version: '1', file: 'a', schema: {} }] } });
  assert.ok(typeof versions !== 'string' && 'versions' in versions && versions.versions.get('1')?.fields.length === 0);
  assert.deepEqual(sourceRulesOf({}), { rules: { fields: [], closed: false } });
});

test('a name within the schema, which references below it begin at, is left to ajv', () => {
  const within = { $id: 'http://a/b', $defs: { p: { type: 'number' } }, anyOf: [{ $ref: '#/$defs/p' }, { type: 'null' }] };
  const p = { type: 'string' };
  const named = { $id: 'http://a/c', $defs: { p }, properties: { x: within } };
  const check = createEventCheck({ schema: named })!;
  assert.deepEqual([check.check({ x: 'a' }), check.check({ x: 1 })], ['type:x', undefined], 'p is the inner one');
  assert.equal(rules(named), '/properties/x/$id of the schema');
  const referred = { $defs: { p, within }, properties: { x: { $ref: '#/$defs/within' } } };
  assert.equal(rules(referred), '/properties/x/$id of the schema');
  assert.equal(typeof rules({ $id: 'http://a/c', $defs: { p }, properties: { x: { $ref: '#/$defs/p' } } }), 'object');
});
