/** Ajv as we use it: strict, formats of our own, text lengths that do not count code points where the length decides. */
import { Ajv, type KeywordCxt, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { _ } from 'ajv';
import { STRING_FORMATS } from './formats.ts';

export type Draft = 'draft-07' | '2020-12';

/** Names that every object inherits: only with these can `data.name` find what is no property of the record. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype);

/** Which draft `$schema` names; 2020-12 where it names none, undefined for one that is not supported. */
export function draftOf(schema: Readonly<Record<string, unknown>>): Draft | undefined {
  const named = Object.hasOwn(schema, '$schema') ? schema['$schema'] : undefined;
  if (named === undefined) return '2020-12';
  if (typeof named !== 'string') return undefined;
  if (/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/.test(named)) return 'draft-07';
  return /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(named) ? '2020-12' : undefined;
}

/** Code points of a text; as JSON Schema counts lengths. A surrogate pair is one. */
function codePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) at += 1;
    count += 1;
  }
  return count;
}

function lengthKeyword(keyword: 'minLength' | 'maxLength'): Parameters<Ajv['addKeyword']>[0] {
  return {
    keyword,
    type: 'string',
    schemaType: 'number',
    // The limit as Ajv's own keyword gives it, for who tells what was expected.
    error: { message: keyword === 'minLength' ? 'is too short' : 'is too long', params: ({ schema }) => _`{limit: ${schema}}` },
    code(cxt: KeywordCxt): void {
      const { gen, data, schema } = cxt;
      const count = gen.scopeValue('func', { ref: codePoints });
      // A text has at most `length` and at least `length / 2` code points.
      const fails =
        keyword === 'maxLength'
          ? _`${data}.length > ${schema} && ${count}(${data}) > ${schema}`
          : _`${data}.length < ${schema} || (${data}.length < ${2 * schema} && ${count}(${data}) < ${schema})`;
      cxt.fail(fails);
    },
  };
}

/**
 * @param schemaText the schema as JSON: tells whether it names something that every object inherits.
 * @param options.isKnownValid nothing is held against the schema of schemas, which takes its time.
 */
export function createAjv(draft: Draft, schemaText: string, { isKnownValid }: { readonly isKnownValid: boolean }): Ajv {
  const options: Options = {
    strict: true,
    // Ours may come from anywhere; these three only complain about style.
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    formats: STRING_FORMATS,
    logger: false,
    validateSchema: !isKnownValid,
    // Slower; and without such a name in the schema it changes nothing for objects made by JSON.parse.
    ownProperties: INHERITED.some((name) => schemaText.includes(`"${name}"`)),
  };
  const ajv = draft === 'draft-07' ? new Ajv(options) : new Ajv2020(options);
  for (const keyword of ['minLength', 'maxLength'] as const) {
    ajv.removeKeyword(keyword);
    ajv.addKeyword(lengthKeyword(keyword));
  }
  return ajv;
}
