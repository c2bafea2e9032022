import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaFields } from './schema-fields.ts';

test('fields, their types and whether they are required, through references and allOf, in order', () => {
  const fields = schemaFields({
    $ref: '#/$defs/event',
    properties: { a: { type: 'string' }, b: { enum: ['x', 1, null] } },
    required: ['b', 'other'],
    $defs: {
      event: { properties: { c: { $ref: '#/$defs/price' }, a: { type: 'number' } }, required: ['c'], allOf: [{ properties: { d: {} } }] },
      price: { type: ['number', 'null'] },
      loop: { $ref: '#/$defs/loop' },
    },
  });
  assert.deepEqual(
    [...fields],
    [
      ['a', { types: ['string'], required: false }],
      ['b', { types: ['string', 'number', 'null'], required: true, values: ['x', 1, null] }],
      ['c', { types: ['number', 'null'], required: true }],
      ['d', { types: undefined, required: false }],
      ['other', { types: undefined, required: true }],
    ],
  );
});

test('a reference to itself ends', () => {
  assert.equal(schemaFields({ $ref: '#' }).size, 0);
});
