import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import type { SourceSpec } from '../windows/spec.ts';
import { createEventCheck } from './event-check.ts';
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

function explained(changes: Partial<SourceSpec>, records: readonly (readonly [reason: string, record: unknown])[]) {
  const source = { ...smallSource({ event: { timeUnit: 'ms' } }), ...changes };
  const spec = smallSpec({
    dimensions: ['country'],
    measures: [{ name: 'n', kind: 'sum', source: 'events', where: [], field: 'amount' }],
  });
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
    ['type:id', { id: 7, at: 1 }],
    ['value:at', { ...good, at: 'today' }],
    ['type:country', { ...good, country: [] }],
    ['type:amount', { ...good, amount: '12.5' }],
  ] as const;
  const expected = [
    'id: found nothing; expected text, which names the event',
    'id: found 7; expected text, which names the event',
    'at: found "today"; expected milliseconds since 1970, as a number or its text',
    'country: found []; expected text, a number, true or false: it is a dimension',
    'amount: found "12.5"; expected a number, for measure n',
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
      'id: found [Infinity,null,{"é":"é\\""},[],{}]; expected text, which names the event',
      `id: found ${cut(`[${'7,'.repeat(30)}`)}; expected text, which names the event`,
    ],
  );
  const exact = 'x'.repeat(58);
  for (const value of [exact, `${exact}x`, { [exact]: 1 }, [exact.slice(2)], [exact.slice(1)]]) {
    const text = JSON.stringify(value);
    assert.deepEqual(explained({}, [['type:id', record('id', text)]]), [
      `id: found ${text.length > 60 ? cut(text) : text}; expected text, which names the event`,
    ]);
  }
});
