import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { AppError } from '../core/errors.ts';
import { createJsonValidator } from './json-schema.ts';

const root = new URL('../../', import.meta.url);
const adEvent = JSON.parse(readFileSync(new URL('pipelines/ad-event.v1.json', root), 'utf8')) as Record<string, unknown>;
const sample = new URL('../shared/data/adtech-sample/', root);

const skipped = existsSync(sample) ? false : 'no ../shared/data/adtech-sample';
test('the reason of every line of the dirty sample', { skip: skipped }, () => {
  const validator = createJsonValidator(adEvent);
  const bytes = gunzipSync(readFileSync(new URL('events.ndjson.gz', sample)));
  const outcomes = readFileSync(new URL('outcomes.ndjson', sample), 'utf8').trimEnd().split('\n');
  let from = 0;
  let judged = 0;
  let invalid = 0;
  for (const text of outcomes) {
    const expected = JSON.parse(text) as { line: number; outcome: string; reason?: string };
    const lf = bytes.indexOf(10, from);
    const line = bytes.subarray(from, lf < 0 ? bytes.length : lf);
    from = lf + 1;
    if (expected.outcome === 'ignored' || expected.reason === 'bad_utf8' || expected.reason === 'bad_json') continue;
    const reason = expected.reason === 'future' ? undefined : expected.reason;
    assert.equal(validator.check(JSON.parse(line.toString('utf8'))), reason, `line ${expected.line}`);
    judged += 1;
    invalid += reason === undefined ? 0 : 1;
  }
  assert.equal(judged, 5000 - 77 - 17);
  assert.equal(invalid, 431 - 77 - 17 - 13);
});

const parse = (text: string): unknown => JSON.parse(text);

test('only properties of the record itself count, whatever their names', () => {
  const named = (name: string): Record<string, unknown> =>
    parse(`{ "type": "object", "required": ["${name}"], "properties": { "${name}": { "type": "number" } } }`) as Record<string, unknown>;
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const validator = createJsonValidator(named(name));
    assert.equal(validator.check({}), `missing:${name}`);
    assert.equal(validator.check(parse(`{ "${name}": "x" }`)), `type:${name}`);
    assert.equal(validator.check(parse(`{ "${name}": 1 }`)), undefined);
  }
  const event = createJsonValidator({ type: 'object', properties: { a: { type: 'number' } } });
  assert.equal(event.check(parse('{ "a": 1, "__proto__": { "a": "x" }, "constructor": null }')), undefined);
});

test('each reason in the order of the properties, then what is left of the schema', () => {
  const validator = createJsonValidator({
    type: 'object',
    required: ['z', 'a', 'elsewhere'],
    properties: {
      z: { type: ['string', 'null'] },
      a: { type: 'integer', minimum: 2 },
      list: { type: 'array', items: { $ref: '#/$defs/small' } },
      ref: { $ref: '#/$defs/small' },
      free: { enum: ['x', 1] },
    },
    patternProperties: { '^n_': { type: 'number' } },
    dependentRequired: { ref: ['list'] },
    maxProperties: 6,
    $defs: { small: { type: 'number', maximum: 9 } },
  });
  const valid = { z: null, a: 2, elsewhere: {} };
  const cases: [unknown, string | undefined][] = [
    [valid, undefined],
    [[], 'not_object'],
    [null, 'not_object'],
    ['text', 'not_object'],
    [{}, 'missing:z'],
    [{ z: 1 }, 'type:z'],
    [{ z: '' }, 'missing:a'],
    [{ z: '', a: 'x' }, 'type:a'],
    [{ z: '', a: 2.5 }, 'type:a'],
    [{ z: '', a: 1 }, 'value:a'],
    [{ z: '', a: 2 }, 'missing:elsewhere'],
    [{ ...valid, list: 1, ref: 'x' }, 'type:list'],
    [{ ...valid, list: ['x'] }, 'value:list'],
    [{ ...valid, ref: 'x' }, 'type:ref'],
    [{ ...valid, ref: 10 }, 'value:ref'],
    [{ ...valid, ref: parse('1e400') }, 'value:ref'],
    [{ ...valid, free: true }, 'value:free'],
    [{ ...valid, ref: 1 }, 'schema:dependentRequired'],
    [{ ...valid, n_x: 'x' }, 'schema:patternProperties'],
    [{ ...valid, b: 1, c: 1, d: 1, e: 1 }, 'schema:maxProperties'],
  ];
  for (const [value, expected] of cases) assert.equal(validator.check(value), expected, JSON.stringify(value));
});

test('draft-07 and 2020-12 are taken as named', () => {
  const seven = createJsonValidator({
    $schema: 'http://json-schema.org/draft-07/schema#',
    properties: { pair: { type: 'array', items: [{ type: 'string' }, { type: 'number' }], minItems: 2, maxItems: 2 } },
    dependencies: { a: ['b'] },
  });
  assert.equal(seven.check({ pair: ['x', 1] }), undefined);
  assert.equal(seven.check({ pair: [1, 1] }), 'value:pair');
  assert.equal(seven.check({ a: 1 }), 'schema:dependencies');
});

test('lengths are counted in code points', () => {
  const validator = createJsonValidator({ properties: { s: { type: 'string', minLength: 2, maxLength: 3 } } });
  const cases: [string, boolean][] = [
    ['a', false],
    ['🙂', false],
    ['🙂a', true],
    ['🙂🙂🙂', true],
    ['🙂🙂🙂a', false],
    ['\ud83da', true],
  ];
  for (const [text, fits] of cases) assert.equal(validator.check({ s: text }), fits ? undefined : 'value:s', JSON.stringify(text));
});

test('a malformed schema says where and what', () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ type: 'objekt' }, /^s\.json: \/type: not JSON Schema 2020-12: .*object/],
    [{ properties: { a: { type: 'string', minLenght: 1 } } }, /^s\.json: \/properties\/a\/minLenght: unknown keyword "minLenght"/],
    [{ properties: { a: { format: 'datetime' } } }, /^s\.json: \/properties\/a\/format: unknown format "datetime"; use a pattern/],
    [{ properties: { a: { $ref: '#/$defs/none' } } }, /^s\.json: \/properties\/a\/\$ref: cannot resolve "#\/\$defs\/none"/],
    [{ properties: { a: { $ref: 'other.json' } } }, /^s\.json: \/properties\/a\/\$ref: cannot resolve/],
    [{ properties: { a: { pattern: '(' } } }, /^s\.json: .*(pattern|regular expression)/i],
    [
      { $schema: 'http://json-schema.org/draft-04/schema#' },
      /^s\.json: \/\$schema: found .*draft-04.*; expected draft-07 or draft 2020-12/,
    ],
    [
      { properties: { a: parse('{ "properties": { "__proto__": { "type": "string" } } }') } },
      /^s\.json: \/properties\/a\/properties\/__proto__: a field of this name/,
    ],
  ];
  for (const [schema, message] of cases) {
    assert.throws(
      () => createJsonValidator(schema, { file: 's.json' }),
      (error) => error instanceof AppError && error.code === 'config_invalid' && message.test(error.message),
      JSON.stringify(schema),
    );
  }
});

test('a record nested deeper than a check follows is too deep, as one is that overflows its stack', () => {
  const tree = createJsonValidator({ properties: { child: { $ref: '#' }, n: { type: 'number' } }, additionalProperties: false });
  const set = createJsonValidator({ properties: { list: { type: 'array', uniqueItems: true } } });
  const nested = (levels: number, inmost = '{}'): string => `${'{"child":'.repeat(levels - 1)}${inmost}${'}'.repeat(levels - 1)}`;
  const lists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const cases: [typeof tree, string, string | undefined][] = [
    [tree, nested(100), undefined],
    [tree, nested(100, '{"n":""}'), 'value:child'],
    [tree, nested(101), 'too_deep'],
    [tree, nested(100_000), 'too_deep'],
    [tree, lists(101), 'not_object'],
    [set, `{"list":[${lists(97)},${lists(98)}]}`, undefined],
    [set, `{"list":[${lists(98)},${lists(98)}]}`, 'value:list'],
    [set, `{"list":[${lists(100_000)},${lists(100_000)}]}`, 'too_deep'],
    [createJsonValidator({ properties: { a: { type: 'number' } } }), `{"b":${lists(100_000)}}`, undefined],
    [createJsonValidator({ allOf: [{ $ref: '#' }] }), '{}', 'too_deep'],
  ];
  for (const [validator, text, expected] of cases) assert.equal(validator.check(parse(text)), expected, text.slice(0, 40));
});

test('of a text that is too short or too long is said how long it may be', () => {
  const { explain } = createJsonValidator({ properties: { name: { type: 'string', minLength: 1, maxLength: 3 } } });
  assert.equal(explain({ name: '' }, 'value:name'), 'name: found ""; expected text of at least 1 character');
  assert.equal(explain({ name: 'four' }, 'value:name'), 'name: found "four"; expected text of at most 3 characters');
});
