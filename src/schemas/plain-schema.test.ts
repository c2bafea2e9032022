import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { createAjv } from './ajv-setup.ts';
import { isPlainSchema } from './plain-schema.ts';

const pipelines = new URL('../../pipelines/', import.meta.url);

test('the schemas that are shipped are plain', () => {
  const names = [
    'ad-event.v1.json',
    ...readdirSync(new URL('schemas/', pipelines), { recursive: true }).map((name) => `schemas/${String(name)}`),
  ];
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    assert.ok(isPlainSchema(JSON.parse(readFileSync(new URL(name, pipelines), 'utf8'))), name);
  }
});

const KEYWORDS =
  '$schema $id $comment title description default examples deprecated type const enum required properties additionalProperties items allOf ' +
  'anyOf oneOf minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems minProperties maxProperties pattern ' +
  'format $ref $defs multipleOf uniqueItems not if';
const keyword = fc.constantFrom(...KEYWORDS.split(' '));
/** What stands in schemas, right and wrong, under any keyword. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    'string',
    'number',
    'null',
    'many',
    '',
    '[',
    '^a+$',
    'date-time',
    'https://a.example/s.json',
    '#',
    '#/$defs/x',
    'a b',
  ),
  fc.constantFrom<unknown>(0, 1, -1, 1.5, 1e300, Number.NaN, Infinity, true, false, null),
  fc.constantFrom<unknown>([], ['a'], ['a', 'a'], ['string', 'null'], ['string', 'string'], ['many'], [1], [null], [[]]),
);
const { schema } = fc.letrec<{ schema: unknown; entry: [string, unknown] }>((tie) => ({
  entry: fc.tuple(
    keyword,
    fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      value,
      tie('schema'),
      fc.array(tie('schema'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', '__proto__', 'type'), tie('schema'), { maxKeys: 2 }),
    ),
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean(),
    value,
    fc.array(tie('entry'), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

for (const draft of ['2020-12', 'draft-07'] as const) {
  test(`what is plain is a schema of ${draft}`, () => {
    const ajv = createAjv(draft, '', { isKnownValid: false });
    const counts = { plain: 0, other: 0 };
    fc.assert(
      fc.property(schema, (drawn) => {
        const isPlain = isPlainSchema(drawn);
        counts[isPlain ? 'plain' : 'other']++;
        if (isPlain) assert.equal(ajv.validateSchema(drawn as object), true, JSON.stringify(ajv.errors));
      }),
      { numRuns: 10_000 },
    );
    assert.ok(counts.plain > 300 && counts.other > 300, JSON.stringify(counts));
  });
}
