import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { MATCH, patternTable, type PatternTable } from './pattern-bytes.ts';

const PATTERNS = [
  '^(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9][.][0-9]{3}Z$',
  '^[a-z]{2,4}(-[0-9]+)?$',
  'b.d',
  'a|b',
  '^(?:a|bc)*$',
  '^\\d+(\\.\\d{1,2})?$',
  '[^\\w\\s]',
  '\\$$',
  'a\\\\$',
  'a{0}b',
  '^$',
  '',
  '(a*)*b',
  '(a?b?){3}c',
  '^[\\]\\-a]+$',
  '^[-a]+.$',
  '[+--]x',
  'a{2,}?b??',
  '\\/\\t[\\n]',
  '^.{3}$',
  '^[^a]$',
];

const known = new Map(PATTERNS.map((pattern) => [pattern, patternTable(pattern)]));

function judge(pattern: string, text: string): void {
  // Beyond ASCII it is not asked.
  if ([...text].some((character) => character > '\u007f')) return;
  agree(pattern, known.get(pattern)!, text);
}

function agree(pattern: string, { next, accepts }: PatternTable, text: string): void {
  let state = 0;
  for (const byte of Buffer.from(text)) state = next[state * 128 + byte]!;
  assert.equal(accepts[state] === MATCH, new RegExp(pattern, 'u').test(text), `${pattern} on ${JSON.stringify(text)}`);
}

test('patterns over bytes match what the same regular expression matches', () => {
  const near = fc.string({ unit: fc.constantFrom(...'abcdzAZ0129-.:TZ$\\]+ \n\t/_é'), maxLength: 8 });
  const times = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  fc.assert(fc.property(fc.constantFrom(...PATTERNS), fc.oneof(near, times, fc.constantFrom('ab', 'abcd-17', 'aab', '1.25')), judge), {
    numRuns: 4_000,
  });
});

test('patterns made at random match what the regular expression matches', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '-', '(a|b)', '(?:ab|c)', '(a*)', '(|b)');
  const part = fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{0,1}', '*?')).map((both) => both.join(''));
  const pattern = fc
    .tuple(fc.boolean(), fc.array(part, { maxLength: 5 }), fc.boolean())
    .map(([start, parts, end]) => `${start ? '^' : ''}${parts.join('')}${end ? '$' : ''}`);
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '-'), maxLength: 7 });
  const property = fc.property(pattern, text, (made, near) => {
    const table = patternTable(made);
    // Too large a one is none, and seldom made.
    fc.pre(table !== undefined);
    agree(made, table, near);
  });
  fc.assert(property, { numRuns: 1_500, maxSkipsPerRun: 0.01 });
});

test('what is not understood, or too much, is none', () => {
  const others = [
    '^a|b$',
    '\\bx',
    '(?=a)',
    '(?!a)',
    '(a)\\1',
    '\\p{L}',
    'ä',
    '\\u0041',
    'a{301}',
    '(?<n>a)',
    '(a|b)*a(a|b){15}',
    '[\\x41]',
    'a^b',
  ];
  for (const pattern of others) assert.equal(patternTable(pattern), undefined, pattern);
});
