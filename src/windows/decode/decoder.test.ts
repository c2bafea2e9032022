import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { OUTCOMES } from '../../core/outcome.ts';
import { packRecords } from '../../log/batch.ts';
import type { RecordBatch } from '../../log/log.ts';
import { createEventCheck } from '../../schemas/event-check.ts';
import { createDecoder, parseJson } from './decoder.ts';
import { compilePlan } from '../plan.ts';
import type { MeasureSpec, SourceSpec } from '../spec.ts';

const source = smallSource({ event: { dedupMs: 0 } });
const spec = smallSpec({
  dimensions: ['country', 'constructor'],
  measures: [{ name: 'n', kind: 'sum', source: 'events', where: [], field: 'amount' }],
  limits: { maxRecordBytes: 200 },
});

function decoderOf(changes: Partial<SourceSpec> = {}, measures: readonly MeasureSpec[] = spec.measures) {
  const changed = { ...source, ...changes };
  const plan = compilePlan({ ...spec, sources: [changed], measures });
  const check = createEventCheck(changed)?.check;
  return createDecoder(plan, changed, { parse: parseJson, idKey: [1, 2], ...(check && { check }) });
}

function batchOf(values: readonly (string | Uint8Array | null)[]): RecordBatch {
  const { keys: _, ...packed } = packRecords(values);
  return { topic: 't', partition: 0, firstOffset: 0, count: values.length, ...packed, appendTimes: new Float64Array(values.length) };
}

function verdicts(
  changes: Partial<SourceSpec>,
  values: readonly (object | string | Uint8Array | null)[],
  measures?: readonly MeasureSpec[],
): string[] {
  const texts = values.map((value) =>
    value === null || typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value),
  );
  const { outcomes, reasons } = decoderOf(changes, measures).decode(batchOf(texts));
  return texts.map((_, i) => reasons.get(i) ?? OUTCOMES[outcomes[i]!]!);
}

const event = { id: 'a', at: 1, country: 'KR' };

test('two halves of a character in neighbouring records are not UTF-8, though together they would be', () => {
  const [first, second] = ['{"id":"', '"}'].map((text) => [...Buffer.from(text)]) as [number[], number[]];
  const bytes = [...Buffer.from('é')];
  const halves = [Uint8Array.from([...first, bytes[0]!]), Uint8Array.from([bytes[1]!, ...second]), 'é'];
  assert.deepEqual(verdicts({}, [...halves, { ...event, country: '한국' }]), ['bad_utf8', 'bad_utf8', 'bad_json', 'accepted']);
});

test('a label that is no scalar is a fault after those of schema, id and time', () => {
  const schema = { type: 'object', properties: { amount: { type: 'number' } } };
  const broken = { country: ['KR'], id: true, at: 'never', amount: 'x' };
  assert.deepEqual(
    verdicts({ schema }, [
      broken,
      { ...broken, amount: 1 },
      { ...broken, amount: 1, id: 'a' },
      { ...event, country: ['KR'] },
      { ...event, constructor: {} },
      { ...event, country: null },
    ]),
    ['type:amount', 'type:id', 'value:at', 'type:country', 'type:constructor', 'accepted'],
  );
});

test('an id is a text or a whole number that JSON can tell from its neighbours', () => {
  const ids = ['7', '-7', '7.0', '"7"', '9007199254740991', '9007199254740993', '7.5', '1e400', 'null', '[7]'];
  assert.deepEqual(
    verdicts(
      {},
      ids.map((id) => `{"id":${id},"at":1,"country":"KR"}`),
    ),
    [...Array<string>(5).fill('accepted'), 'value:id', 'value:id', 'value:id', 'type:id', 'type:id'],
  );
});

test('each event is held against the version that it names; one that names none is invalid before anything else is said of it', () => {
  const v1 = { type: 'object', properties: { amount: { type: 'number' }, id: {} }, required: ['amount'] };
  const v2 = { type: 'object', properties: { id: {}, amount: { type: 'null' } } };
  const schemas = [v1, v2].map((schema, index) => ({ version: `${index + 1}`, file: 'f', schema }));
  const versions = { field: 'v', schemas };
  const told = verdicts({ versions }, [
    { ...event, v: '1', amount: 1 },
    { ...event, v: '2', amount: 1 },
    { ...event, v: 2, amount: null },
    { ...event, v: 1 },
    { ...event, v: '1', amount: 'x', id: true },
    { ...event, v: '2', amount: 1, id: true },
    ...['3', null, ['1'], 'constructor'].map((v) => ({ ...event, v, amount: 1, id: true })),
    event,
    '[]',
  ]);
  assert.deepEqual(told, [
    'accepted',
    'type:amount',
    'accepted',
    'missing:amount',
    'type:amount',
    'type:id',
    ...Array.from({ length: 5 }, () => 'schema_version'),
    'not_object',
  ]);
});

test('a scalar is looked up by its text; a key that the table lacks is ignored, one that is missing is for the schema to judge', () => {
  const lookups = [{ field: 'country', by: 'ad', file: 'f', table: { '7': 'KR', true: 'US' } }];
  const schema = { type: 'object', properties: { ad: { type: ['number', 'boolean', 'string'] } }, required: ['ad'] };
  const told = verdicts(
    { lookups, schema },
    [7, true, '7', 'constructor', 8].map((ad) => ({ ...event, ad })),
  );
  assert.deepEqual(told, ['accepted', 'accepted', 'accepted', 'ignored', 'ignored']);
  assert.deepEqual(verdicts({ lookups, schema }, [event, { ...event, ad: null }, { ...event, ad: [7] }]), [
    'missing:ad',
    'type:ad',
    'type:ad',
  ]);
});

test('a schema judges the event as it was sent: what is looked up is no field of it', () => {
  const lookups = [{ field: 'country', by: 'ad', file: 'f', table: { '7': 'KR' } }];
  const properties = { id: {}, at: {}, ad: {} };
  const sent = { id: 'a', at: 1, ad: 7 };
  for (const demand of [
    { properties, additionalProperties: false },
    { properties, maxProperties: 3 },
    { properties, propertyNames: { maxLength: 3 } },
    { properties, patternProperties: { '^country$': { type: 'null' } } },
  ]) {
    assert.deepEqual(verdicts({ lookups, schema: { type: 'object', ...demand } }, [sent]), ['accepted'], JSON.stringify(demand));
  }
  const schema = { type: 'object', properties, additionalProperties: false };
  assert.deepEqual(
    verdicts({ lookups, schema }, [
      { ...sent, country: 'US' },
      { ...sent, ad: 8 },
    ]),
    ['schema:additionalProperties', 'ignored'],
  );
});

test('labels that every object inherits are empty unless the record has them; no amount, or null, contributes nothing', () => {
  const decoder = decoderOf();
  const records = [
    event,
    { ...event, constructor: 'own' },
    { ...event, amount: -0 },
    { ...event, amount: null },
    { ...event, amount: 2.5 },
  ];
  const columns = decoder.decode(batchOf(records.map((record) => JSON.stringify(record))));
  const [, constructors] = columns.dimensions;
  assert.deepEqual(
    records.map((_, i) => decoder.labelValues[1]![constructors![i]!]),
    ['', 'own', '', '', ''],
  );
  assert.deepEqual([...columns.contributions[0]!.values.subarray(0, 5)], [NaN, NaN, 0, NaN, 2.5]);
});

test('a field whose number is asked for must not be anything else: it is invalid where it would have counted, whatever the schema allows', () => {
  const measures = [
    { name: 'paid', kind: 'sum', source: 'events', where: [{ field: 'kind', anyOf: ['buy'] }], field: 'amount' },
    { name: 'delay', kind: 'average', source: 'events', where: [], field: 'ms' },
  ] as const;
  const judged = (changes: Partial<SourceSpec>, records: readonly (object | string)[]) => verdicts(changes, records, measures);
  const buy = { ...event, kind: 'buy' };
  assert.deepEqual(
    judged({}, [
      { ...buy, amount: '12.5' },
      { ...buy, amount: true, ms: [] },
      { ...event, kind: 'view', amount: 'none' },
      { ...event, ms: {} },
      { ...buy, amount: null },
      '{"id":"a","at":1,"country":"KR","ms":1e400}',
    ]),
    ['type:amount', 'type:amount', 'accepted', 'type:ms', 'accepted', 'value:ms'],
  );
  const schema = { type: 'object', properties: { amount: { type: ['number', 'string'] } } };
  assert.deepEqual(judged({ schema }, [{ ...buy, amount: '12.5' }]), ['type:amount']);
  // What is filtered out, or has another fault, is that first.
  const where = [{ field: 'shop', anyOf: ['a'] }];
  assert.deepEqual(judged({ where }, [{ ...buy, amount: '1' }]), ['ignored']);
  assert.deepEqual(judged({}, [{ ...buy, amount: '1', country: [] }]), ['type:country']);
});

test('the longest record allowed is read; a small batch after a large one has nothing of it', () => {
  const decoder = decoderOf();
  const padded = (bytes: number) =>
    JSON.stringify({ ...event, country: 'x'.repeat(bytes - JSON.stringify({ ...event, country: '' }).length) });
  const large = decoder.decode(batchOf(Array.from({ length: 300 }, () => padded(201))));
  assert.equal(large.reasons.size, 300);
  const small = decoder.decode(batchOf([padded(200), null, ' \t']));
  assert.deepEqual([small.count, [...small.outcomes.subarray(0, 3)], small.reasons.size], [3, [0, 4, 4], 0]);
});
