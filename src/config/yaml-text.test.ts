import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { AppError } from '../core/errors.ts';
import { parseYaml } from './yaml-text.ts';

test('a path leads back to its line and column: of a key, of a value, of as much as there is', () => {
  const { locate } = parseYaml('a: 1\nb:\n  c: &f [x, { d: 2 }]\n  e: *f\n', 'f.yml');
  assert.deepEqual(locate(['a'], false), { line: 1, column: 4 });
  assert.deepEqual(locate(['a'], true), { line: 1, column: 1 });
  assert.deepEqual(locate(['b', 'c', 1, 'd'], false), { line: 3, column: 18 });
  assert.deepEqual(locate(['b', 'c', 1, 'd'], true), { line: 3, column: 15 });
  assert.deepEqual(locate(['b', 'e', 1, 'd'], false), { line: 3, column: 18 });
  assert.deepEqual(locate(['b', 'none', 'x'], false), { line: 2, column: 1 });
});

test('the line that is told is the one to mend', () => {
  for (const [text, at, message] of [
    ['pipeline: shop\n source: { topic: x }\n', '2:2', /further in than the one above/],
    ['event:\n  id: a\n  b: one\n    two\r\n    time: b\n', '5:5', /further in/],
    ['pipeline: shop\nsource: topic: x\n', '2:9', /second key on the line/],
    ['measures:\n    a: 1\n  b: 2\n', '3:3', /another column/],
    ['a: "one"\n\n# why\n   b: two\n', '4:4', /another column/],
    ['pipeline: shop\nsource\nwindows: [1m]\n', '2:1', /without a key and its colon/],
    ['windows: [1m]\n - 5m\n', '2:1', /not YAML: A block sequence/],
  ] as const) {
    assert.throws(
      () => parseYaml(text, 'f.yml'),
      (error) => error instanceof AppError && error.message.startsWith(`f.yml:${at}: `) && message.test(error.message),
      text,
    );
  }
});

test('any text at all gives a value or a message that names the file', () => {
  const piece = fc.constantFrom(
    'a: ',
    'b',
    '- ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    ':',
    '&x ',
    '*x',
    '!!set',
    '|',
    '>',
    '"',
    "'",
    '#',
    '---',
    '%',
    '? ',
    '\t',
    '\u0000',
    '<<: ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
        fc.string(),
      ),
      (text) => {
        try {
          parseYaml(text, 'f.yml').locate(['a', 0, 'b'], true);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          assert.match(error.message, /^f\.yml/);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('nesting without end is refused', () => {
  for (const text of ['['.repeat(50_000), 'a: {'.repeat(50_000), '- '.repeat(50_000)]) {
    assert.throws(
      () => parseYaml(text, 'f.yml'),
      (error) => error instanceof AppError && error.message.startsWith('f.yml'),
    );
  }
});
