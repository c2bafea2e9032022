import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { createEventCheck } from '../../schemas/event-check.ts';
import type { MeasureSpec, SourceSpec } from '../../windows/spec.ts';
import { createExplainFault } from './explain-fault.ts';

const schema = {
  type: 'object',
  properties: {
    kind: { enum: ['view', 'buy'] },
    amount: { type: ['number', 'string'], minimum: 0 },
    code: { type: 'string', pattern: '^[A-Z]+$' },
    items: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } }, required: ['price'] } },
  },
  required: ['kind'],
  minProperties: 4,
};
const good = { id: 'a', at: 1, country: 'KR', kind: 'buy' };

const of = { source: 'events', where: [] };
const sum: MeasureSpec = { ...of, name: 'n', kind: 'sum', field: 'amount' };

function explained(
  changes: Partial<SourceSpec>,
  records: readonly (readonly [reason: string, record: unknown])[],
  measures: readonly MeasureSpec[] = [sum],
) {
  const source = { ...smallSource({ event: { timeUnit: 'ms' } }), ...changes };
  const spec = smallSpec({ dimensions: ['country'], measures });
  const check = createEventCheck(source);
  const explain = createExplainFault(spec, source, check && (() => check));
  return records.map(([reason, record]) => explain(reason, typeof record === 'string' ? record : JSON.stringify(record)));
}

test('a fault by the schema: where, what was found, what was expected', () => {
  const told = explained({ schema }, [
    ['missing:kind', { id: 'a' }],
    ['value:kind', { ...good, kind: 'x'.repeat(100) }],
    ['type:amount', { ...good, amount: true }],
    ['value:amount', { ...good, amount: -1 }],
    ['value:code', { ...good, code: 'a' }],
    ['value:items', { ...good, items: [{ price: 1 }, { price: 'x' }] }],
    ['value:items', { ...good, items: [{}] }],
    ['schema:minProperties', { id: 'a', at: 1, kind: 'buy' }],
  ]);
  assert.deepEqual(told, [
    'kind: found nothing; expected one of "view", "buy"',
    `kind: found "${'x'.repeat(58)}…; expected one of "view", "buy"`,
    'amount: found true; expected a number or text',
    'amount: found -1; expected at least 0',
    'code: found "a"; expected text that matches ^[A-Z]+$',
    'items.1.price: found "x"; expected a number',
    'items.0.price: found nothing; expected a value',
    'found {"id":"a","at":1,"kind":"buy"}; expected what the schema says: must NOT have fewer than 4 properties',
  ]);
});

test('a fault that the pipeline finds, with or without a schema', () => {
  const records = [
    ['missing:id', { at: 1 }],
    ['value:id', { id: 2 ** 53, at: 1 }],
    ['value:at', { ...good, at: 'today' }],
    ['type:country', { ...good, country: [] }],
    ['type:amount', { ...good, amount: '12.5' }],
    ['future', { ...good, at: 1e12 }],
  ] as const;
  const expected = [
    'id: found nothing; expected text, or a whole number of at most 9007199254740991, which names the event',
    'id: found 9007199254740992; expected text, or a whole number of at most 9007199254740991, which names the event',
    'at: found "today"; expected milliseconds since 1970, as a number or its text',
    'country: found []; expected text, a number, true or false: it is a dimension',
    'amount: found "12.5"; expected a number, for measure n',
    'at: found 1000000000000; expected a time no further ahead than event.max_ahead (300 s) allows',
  ];
  assert.deepEqual(explained({}, records), expected);
  assert.deepEqual(explained({ schema: { type: 'object', properties: { amount: {} } } }, records), expected);
});

test('an event of no known version, and what is no event at all', () => {
  const versions = { field: 'v', schemas: ['1', '2'].map((version) => ({ version, file: 'f', schema })) };
  assert.deepEqual(
    explained({ versions }, [
      ['schema_version', { ...good, v: 3 }],
      ['value:amount', { ...good, v: 2, amount: -1 }],
      ['not_object', [1]],
      ['bad_json', '{"a":'],
    ]),
    [
      'v: found 3; expected one of "1", "2"',
      'amount: found -1; expected at least 0',
      'found [1]; expected a JSON object',
      'Unexpected end of JSON input; expected one JSON object',
    ],
  );
});

test('a value is told by its beginning, however deep or long it is', () => {
  const deep = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
  const lists = deep(100_000, '[', ']');
  const record = (field: string, value: string) => `{"id":"a","at":1,"country":"KR",${JSON.stringify(field)}:${value}}`;
  const cut = (text: string) => `${text.slice(0, 59)}…`;
  assert.deepEqual(
    explained({ schema }, [
      ['not_object', lists],
      ['type:country', record('country', lists)],
      ['type:amount', record('amount', `[${deep(10_000, '{"a":[', ']}')}]`)],
      ['type:id', record('id', '[1e400,null,{"é":"é\\""},[],{}]')],
      ['type:id', record('id', `[${'7,'.repeat(100_000)}7]`)],
    ]),
    [
      `found ${cut(lists)}; expected a JSON object`,
      `country: found ${cut(lists)}; expected text, a number, true or false: it is a dimension`,
      `amount: found ${cut(`[${'{"a":['.repeat(10)}`)}; expected a number or text`,
      'id: found [Infinity,null,{"é":"é\\""},[],{}]; expected text, or a whole number of at most 9007199254740991, which names the event',
      `id: found ${cut(`[${'7,'.repeat(30)}`)}; expected text, or a whole number of at most 9007199254740991, which names the event`,
    ],
  );
  const exact = 'x'.repeat(58);
  for (const value of [exact, `${exact}x`, { [exact]: 1 }, [exact.slice(2)], [exact.slice(1)]]) {
    const text = JSON.stringify(value);
    assert.deepEqual(explained({}, [['type:amount', record('amount', text)]]), [
      `amount: found ${text.length > 60 ? cut(text) : text}; expected a number, for measure n`,
    ]);
  }
});

test('what is said of a record is short, however long the names are that it was sent with', () => {
  const long = 'n'.repeat(600_000);
  const closed = {
    type: 'object',
    properties: { id: {}, items: { additionalProperties: { type: 'number' } } },
    additionalProperties: false,
  };
  const told = explained({ schema: closed }, [
    ['schema:additionalProperties', { id: 'a', [long]: 1 }],
    ['value:items', { id: 'a', items: { [long]: 'x' } }],
  ]);
  const cut = `${'n'.repeat(59)}…`;
  assert.deepEqual(told, [`${cut}: found 1; expected no further fields`, `items.${cut}: found "x"; expected a number`]);

  const levels: [schema: object, value: object] = [{ type: 'number' }, { last: 'x' }];
  const names = Array.from({ length: 70 }, (_, n) => `${n % 10}n`);
  const [schemaOf, record] = names.reduce(([inner, value], name) => [{ properties: { [name]: inner } }, { [name]: value }], levels);
  const [deep] = explained({ schema: { properties: { a: schemaOf, b: { pattern: 'x'.repeat(600) } } } }, [['value:a', { a: record }]]);
  const path = `a.${names.toReversed().join('.')}`;
  assert.equal(deep, `${path.slice(0, 199)}…: found {"last":"x"}; expected a number`);
  const [pattern] = explained({ schema: { properties: { b: { pattern: 'x'.repeat(600) } } } }, [['value:b', { b: 'y' }]]);
  assert.equal(pattern, `b: found "y"; expected text that matches ${'x'.repeat(600)}`.slice(0, 499) + '…');
});

test('a rule of the pipeline is named where the value breaks it, and a measure where it would have taken the number', () => {
  const measures: MeasureSpec[] = [
    { ...of, name: 'users', kind: 'distinct', field: 'amount' },
    { ...of, name: 'top', kind: 'heavy_hitters', field: 'amount', keep: 3 },
    { ...of, name: 'elsewhere', kind: 'sum', field: 'amount', source: 'others' },
    { ...of, name: 'refunds', kind: 'sum', field: 'amount', where: [{ field: 'kind', anyOf: ['refund'] }] },
    { ...of, name: 'asia', kind: 'sum', field: 'amount', where: [{ field: 'region', anyOf: ['asia'] }] },
    { ...of, name: 'paid', kind: 'average', field: 'amount' },
    { ...of, name: 'last', kind: 'max', field: 'at' },
    { ...of, name: 'most', kind: 'max', field: 'country' },
    { ...of, name: 'ids', kind: 'quantile', field: 'id', q: 0.5 },
  ];
  const region = { field: 'region', by: 'country', file: 'f', table: { KR: 'asia', null: 'none' } };
  const records = [
    ['type:amount', { ...good, amount: '12' }],
    ['type:amount', { ...good, amount: '12', kind: 'refund' }],
    ['type:at', { ...good, at: '1795335348019' }],
    ['value:at', { ...good, at: '17:00' }],
    ['type:country', { ...good, country: '12' }],
    ['type:country', { ...good, country: {} }],
    ['type:id', good],
    ['value:amount', '{"id":"a","at":1,"amount":1e400}'],
  ] as const;
  assert.deepEqual(explained({}, records, measures), [
    'amount: found "12"; expected a number, for measure paid',
    'amount: found "12"; expected a number, for measure refunds',
    'at: found "1795335348019"; expected a number, for measure last',
    'at: found "17:00"; expected milliseconds since 1970, as a number or its text',
    'country: found "12"; expected a number, for measure most',
    'country: found {}; expected text, a number, true or false: it is a dimension',
    'id: found "a"; expected a number, for measure ids',
    'amount: found Infinity; expected a number, for measure paid',
  ]);
  assert.deepEqual(explained({ lookups: [region] }, [['type:amount', { ...good, amount: '12', region: 'europe' }]], measures), [
    'amount: found "12"; expected a number, for measure asia',
  ]);
});

test('a time in another form than the file names says what would make it one', () => {
  const at = (timeUnit: 'iso' | 's', values: readonly unknown[], more: Partial<SourceSpec> = {}) =>
    explained(
      { event: { ...smallSource().event, timeUnit }, ...more },
      values.map((value) => ['value:at', { ...good, at: value }] as const),
    ).map((text) => text!.replace(/^.*; expected /, ''));
  const values = [
    '2024-01-01T09:00:00+0900',
    '2024-01-01 09:00:00.5-03',
    '2024-01-01T09:00:00',
    1704067200,
    '1704067200000',
    17040672e8,
    17040672e11,
  ];
  const expected = [
    'a colon in its zone, +09:00',
    'a colon in its zone, -03:00',
    'its zone at the end, Z or one such as +09:00, or utc_offset in the pipeline file and no format: date-time in the schema',
    'event.time_unit: s for such seconds, in the pipeline file',
    'event.time_unit: ms for such milliseconds, in the pipeline file',
    'milliseconds with event.time_unit: ms, not microseconds',
    'milliseconds with event.time_unit: ms, not nanoseconds',
  ];
  assert.deepEqual(at('iso', values), expected);
  assert.deepEqual(at('iso', values, { schema: { properties: { at: { type: 'string', format: 'date-time' } } } }), expected);

  const none = 'a time with a zone such as "2025-01-31T12:00:00Z"';
  assert.deepEqual(at('iso', ['2024-01-01', '2024-13-01T09:00:00+0900', 7, {}]), [none, none, none, none]);
  assert.deepEqual(at('s', [17040672e5, '2024-01-01T09:00:00Z', 'today']), [
    'event.time_unit: ms for such milliseconds, in the pipeline file',
    'such times with event.time_unit: iso',
    'seconds since 1970, as a number or its text',
  ]);
});

test('a late record whose time is one in another unit says so; others say nothing', () => {
  const told = explained({}, [
    ['late', { ...good, at: 1_763_800_000 }],
    ['late', good],
  ]);
  assert.deepEqual(told, ['at: found 1763800000; expected event.time_unit: s for such seconds, in the pipeline file', undefined]);
});
