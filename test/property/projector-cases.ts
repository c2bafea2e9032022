/** Pipelines for the projector's comparison with the reference: every measure kind and every rule that it knows, with values for their fields. */
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { compilePlan, type Plan } from '../../src/windows/plan.ts';
import type { Condition, EngineSpec, MeasureSpec, SourceSpec } from '../../src/windows/spec.ts';
import { smallSource, smallSpec } from '../support/small-spec.ts';

/** A pipeline of one source, and what its records are made of. */
export interface ProjectorCase {
  readonly name: string;
  readonly plan: Plan;
  readonly source: SourceSpec;
  /** Per field: JSON texts; the first two are of valid values. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

const event: SourceSpec['event'] = { id: 'id', time: 'at', timeUnit: 'iso', outOfOrdernessMs: 0, allowedLatenessMs: 0, dedupMs: 0 };
const plainSource = smallSource({ name: 's', event });
const spec = smallSpec({ sources: [plainSource], measures: [], limits: { maxSeries: 1_000, maxRecordBytes: 4_000 } });

const json = (...values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value));

const times = [
  ...json('2026-03-02T09:48:17.250Z', '2026-03-02T09:48:18.999Z', '2024-02-29T23:59:59.000Z', '2026-03-02T09:48:17Z'),
  ...json('2026-03-02T09:48:17.123456789Z', '2026-03-02T09:48:17.5Z', '1970-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'),
  ...json('2026-03-02T09:48:17.250+09:00', '2026-03-02t09:48:17z', '2026-03-02 09:48:17Z', '2026-02-30T09:48:17.250Z'),
  ...json('1969-12-31T23:59:59.000Z', '2026-03-02T09:48:60.000Z', '2026-03-02T24:00:00.000Z', '2026-03-02T09:48:17.Z', 'never'),
  ...json('2026-03-02T23:59:60Z', '2026-03-02T09:48:17.1234567890Z', '2026-03-02T09:4８:17.250Z'),
];
const ids = [
  ...json('a', 'b-1', '', '712b0e22-0b84-4e86-b21c-77789d187cc6', 'käse', '한국어', '💥', 'x'.repeat(70), 'abc', 'abcd', 'abcde'),
  ...json('7', 7, -7, 0, 123_456_789_012_345, Number.MAX_SAFE_INTEGER),
  '-0',
  '7.0',
  '0.7e1',
  '7.5',
  '9007199254740993',
  '1e400',
];

/** Of these fields, all measures that there are. */
function everyMeasure(amount: string, user: string, where: MeasureSpec & { kind: 'count' }): MeasureSpec[] {
  const base = { source: 's', where: [] };
  return [
    { ...base, name: 'n', kind: 'count' },
    where,
    { ...base, name: 'sum', kind: 'sum', field: amount },
    { ...base, name: 'min', kind: 'min', field: amount, where: where.where },
    { ...base, name: 'max', kind: 'max', field: amount },
    { ...base, name: 'average', kind: 'average', field: amount, where: where.where },
    { ...base, name: 'quantile', kind: 'quantile', field: amount, q: 0.9 },
    { ...base, name: 'distinct', kind: 'distinct', field: user },
    { ...base, name: 'distinct2', kind: 'distinct', field: amount, where: where.where },
    { ...base, name: 'top', kind: 'heavy_hitters', field: user, keep: 3 },
    { ...base, name: 'invalid', kind: 'count', outcomes: ['invalid'] },
  ];
}

const counted = (field: string, anyOf: Condition['anyOf']): MeasureSpec & { kind: 'count' } => ({
  name: 'some',
  kind: 'count',
  source: 's',
  where: [{ field, anyOf }],
});

function made(
  name: string,
  changes: Partial<EngineSpec>,
  source: Partial<SourceSpec>,
  values: Readonly<Record<string, readonly string[]>>,
): ProjectorCase {
  const whole = { ...plainSource, ...source };
  return { name, source: whole, plan: compilePlan({ ...spec, ...changes, sources: [whole] }), values };
}

const money = ['0', '1', '-1', '2.5', '0.01', '12.34', '0.1', '99999999', '1.5e3', '1e-7', '-0', '-0.0', '3', '6', '0.03', '1000'];
const users = [...json('u1', 'u2', 'ünï', '', 'x'.repeat(300)), '1', '1.0', '-0', '17', 'true', 'null', '1e2', '12345678901234567890'];

const withoutSchema = made(
  'no schema',
  {
    dimensions: ['country', 'level', 'constructor'],
    measures: everyMeasure('amount', 'user', counted('kind', ['view', 1, true, null, { above: 1, at_most: 2 }])),
  },
  { event: { ...event, timeUnit: 'ms' } },
  {
    id: ids,
    at: [
      '1772444897250',
      '0',
      '1772444897250.5',
      '"1772444897250"',
      '"1772444897250.25"',
      '1e12',
      '-0.4',
      '-1',
      '253402300799999',
      '1e300',
    ],
    country: json('KR', 'US', 'Zürich', '', 'other', 7, null, true, 'a "quoted"\nline'),
    level: ['1', '2', '10', '-0', '1.50', 'true', 'false', 'null', '"1"', '1e21'],
    constructor: json('own', 'toString', 1),
    kind: json('view', 'click', 1, 2, true, false, null),
    amount: money,
    user: users,
  },
);

const filtered = made(
  'where, lookups',
  {
    dimensions: ['device', 'team'],
    measures: [
      ...everyMeasure('amount', 'device', counted('device', ['ios'])),
      { name: 'paid', kind: 'sum', source: 's', where: [{ field: 'team', anyOf: ['red', 'blue'] }], field: 'amount' },
      { name: 'large', kind: 'count', source: 's', where: [{ field: 'amount', anyOf: [{ at_least: 2.5 }, { above: -1, below: 0.1 }, 1] }] },
    ],
  },
  {
    event: { ...event, timeUnit: 's' },
    where: [
      { field: 'kind', anyOf: ['view', 'click', null] },
      { field: 'live', anyOf: [true, { at_least: 1 }] },
    ],
    lookups: [
      { field: 'device', by: 'ad', file: 'f', table: { a1: 'ios', a2: 'web', '': 'ios', ä3: 'ünï', true: 'yes', null: 'none' } },
      { field: 'team', by: 'ad', file: 'f', table: { a1: 'red', a2: 'blue', ä3: 'green', '': 'red', constructor: 'own' } },
    ],
    schema: {
      type: 'object',
      required: ['id', 'at', 'kind', 'ad'],
      properties: { kind: { type: ['string', 'null'] }, amount: { type: 'number', maximum: 100 }, ad: {}, list: { type: 'array' } },
    },
  },
  {
    id: ids,
    at: ['1772444897.25', '1', '"1772444897"', '1772444897', 'null'],
    kind: json('view', 'view', 'click', 'buy', null, 5),
    live: ['true', 'true', 'true', '2', '1', '0.5', 'false', 'null', '"true"'],
    ad: json('a1', 'a2', 'ä3', '', 'nowhere', 'constructor', 7, null, true),
    amount: money,
    list: ['[]', '[1,{"a":[]}]', '{}'],
  },
);

const rules: Readonly<Record<string, unknown>> = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'at', 'whole'],
  $defs: { price: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1_000 } },
  properties: {
    at: { type: 'string', format: 'date-time' },
    id: { type: 'string', minLength: 1, maxLength: 36 },
    whole: { type: 'integer', minimum: -5, maximum: 100_000 },
    steps: { type: 'number', multipleOf: 0.01 },
    threes: { multipleOf: 3, title: 'of any type' },
    price: { $ref: '#/$defs/price' },
    one: { const: 'one' },
    mixed: { enum: ['a', 1, null, true, 'ä'] },
    text: { type: 'string', pattern: '^[a-z]{2,4}(-[0-9]+)?$' },
    loose: { pattern: 'b.d' },
    name: { type: ['string', 'null'], minLength: 2, maxLength: 5 },
    maybe: { anyOf: [{ type: 'string', enum: ['x', 'y'] }, { type: 'null' }] },
    perhaps: { oneOf: [{ type: 'null' }, { type: 'integer', minimum: 1 }] },
    flag: { type: 'boolean' },
    nothing: { type: 'null' },
    deep: { type: ['object', 'array'] },
    any: true,
    uuid: { type: 'string', format: 'uuid' },
    when: { type: 'string', format: 'date-time' },
    day: { format: 'date' },
    clock: { format: 'time' },
    mail: { format: 'email' },
    host: { format: 'hostname' },
    four: { format: 'ipv4' },
    six: { format: 'ipv6' },
    uri: { format: 'uri' },
  },
};

const everyRule = made(
  'every rule',
  { dimensions: ['text', 'mixed'], measures: everyMeasure('steps', 'name', counted('mixed', ['a', 1])) },
  { schema: rules },
  {
    id: ids,
    at: times,
    whole: ['1', '0', '-5', '-6', '100000', '100001', '1.0', '1.5', '1e3', '1e5', '-0'],
    steps: ['0.01', '0.1', '12.34', '1.005', '0', '-0.03', '0.07', '1e3', '1e18', '1e-3', '4.35'],
    threes: ['3', '6', '7', '0', '-9', '1e21', '3e40', '"3"', 'null'],
    price: ['1', '0.5', '0', '1000', '999.99', '0.0001', '"1"'],
    one: json('one', 'one', 'two', 1),
    mixed: json('a', 'a', 1, null, true, 'ä', 'b', false, 2),
    text: json('ab', 'abcd-17', 'abcde', 'AB', 'ab-', 'ab\n', 'ab'),
    loose: json('bad', 'a bud', 'b\nd', 'b💥d', 5),
    name: json('ab', 'abcde', 'abcdef', 'a', '한국', '💥💥', '💥', null, 'ééééé', 'éééééé'),
    maybe: json('x', 'y', null, 'z', 1),
    perhaps: ['1', 'null', '7', '0', '1.5', '"1"'],
    flag: ['true', 'false', 'null', '1'],
    nothing: ['null', 'null', '0'],
    deep: ['{}', '[]', '{"a":{"b":[1,2,{"__proto__":1}]}}', '"x"', '[[[[]]]]'],
    any: ['1', '"x"', '{}', 'null'],
    uuid: json('712b0e22-0b84-4e86-b21c-77789d187cc6', 'ABCDEFab-cdef-0123-4567-89abcdefABCD', '712b0e22_0b84-4e86-b21c-77789d187cc6'),
    when: times,
    day: json('2026-12-31', '1999-01-01', '2026-12-32'),
    clock: json('00:00:00Z', '23:59:59.5+09:00', '24:00:00Z'),
    mail: json('a.b+c@example.org', 'a@b', 'a@'),
    host: json('a.example', 'b', '-a'),
    four: json('1.2.3.4', '0.0.0.0', '256.1.1.1'),
    six: json('::1', 'fe80::1', '1.2.3.4'),
    uri: json('https://example.org/a?b#c', 'urn:x:y', 'example.org'),
  },
);

const version = (amount: unknown) => ({ type: 'object', required: ['id', 'amount'], properties: { amount, id: { type: 'string' } } });
const versions = made(
  'versions',
  { dimensions: ['v', 'country'], measures: everyMeasure('amount', 'country', counted('country', ['KR'])) },
  {
    versions: {
      field: 'v',
      schemas: [
        { version: '1', file: 'one', schema: version({ type: 'number', minimum: 0 }) },
        { version: '2', file: 'two', schema: version({ type: 'string' }) },
        { version: 'ä', file: 'three', schema: { type: 'object', properties: { country: { enum: ['KR', 'US'] } } } },
      ],
    },
  },
  {
    id: ids,
    at: times,
    v: json('1', '2', 1, 2, 'ä', '3', 'constructor', null),
    amount: [...money, '"x"'],
    country: json('KR', 'US', 'Ö', 1),
  },
);

const oddNames = made(
  'odd names',
  { dimensions: ['', 'a"b', 'ключ', 'toString'], measures: everyMeasure('x'.repeat(200), 'hasOwnProperty', counted('', ['x'])) },
  {
    event: { time: 'at', timeUnit: 'iso', outOfOrdernessMs: 0, allowedLatenessMs: 0, dedupMs: 0 },
    schema: { type: 'object', properties: { toString: { type: 'string' }, ['']: { type: 'string' } }, required: ['', 'elsewhere'] },
  },
  {
    at: times,
    '': json('x', 'y', ''),
    elsewhere: json(1, 'x', null, {}),
    ключ: json('да', 'нет'),
    toString: json('x', 1),
    hasOwnProperty: users,
    ['x'.repeat(200)]: money,
  },
);

function adtech(): ProjectorCase {
  const root = new URL('../../', import.meta.url);
  const { engine } = loadPipeline(new URL('pipelines/adtech.yml', root).pathname);
  return {
    name: 'ad events',
    plan: compilePlan(engine),
    source: engine.sources[0]!,
    values: {
      event_id: json(
        '712b0e22-0b84-4e86-b21c-77789d187cc6',
        '00000000-0000-0000-0000-000000000000',
        '712b0e22-0b84-4e86-b21c-77789d187ccg',
      ),
      event_type: json('impression', 'impression', 'click', 'conversion', 'view'),
      event_time: times,
      user_id: json('u1', 'ü', '', 'x'.repeat(257), 'ü'.repeat(256)),
      campaign_id: json('c1', 'c2'),
      country: json('US', 'KR', 'XX'),
      ad_format: json('banner', 'rewarded_video', 'x'),
      device: json('ios', 'web'),
      bid_price: [...money, '1000000', '1000000.01'],
      revenue: money,
      extra: json({ a: [1, 'x'] }, null),
    },
  };
}

/** Fields that the pipeline asks for and the schema does not describe are further ones too, and those make an event invalid. */
const closed = made(
  'further fields',
  { dimensions: ['country', 'team'], measures: everyMeasure('amount', 'team', counted('team', ['red'])) },
  {
    event: { time: 'at', timeUnit: 'iso', outOfOrdernessMs: 0, allowedLatenessMs: 0, dedupMs: 0 },
    schema: { type: 'object', properties: { country: {}, at: {}, amount: { type: 'number' } }, additionalProperties: false },
  },
  { at: times, country: json('KR', 'US', 1), amount: money },
);

/** The Yahoo streaming benchmark: views of ads, counted by the campaign that a table has for the ad. */
export function ysbCase(table: Readonly<Record<string, string>>): ProjectorCase {
  const views = {
    event: { ...event, id: 'page_id', time: 'event_time', timeUnit: 'ms' as const },
    where: [{ field: 'event_type', anyOf: ['view'] }],
  };
  return made(
    'ads and campaigns',
    { dimensions: ['campaign', 'ad_type'], measures: everyMeasure('amount', 'user_id', counted('ad_type', ['banner', 'modal'])) },
    { ...views, lookups: [{ field: 'campaign', by: 'ad_id', file: 'f', table }] },
    {},
  );
}

export function projectorCases(): ProjectorCase[] {
  return [adtech(), withoutSchema, filtered, everyRule, versions, oddNames, closed];
}
