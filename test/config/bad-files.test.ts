/** Each file in `bad/` has the fault that it is named after, and beside it the message that it must produce. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { AppError } from '../../src/core/errors.ts';

const folder = fileURLToPath(new URL('bad/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.yml'));

function messageOf(name: string): string {
  try {
    loadPipeline(`${folder}${name}`);
  } catch (error) {
    if (error instanceof AppError && error.code === 'config_invalid') return `${error.message.replaceAll(folder, '')}\n`;
    throw error;
  }
  return 'no error\n';
}

for (const name of files) {
  test(`bad pipeline file: ${name}`, () => {
    const message = messageOf(name);
    const expected = `${folder}${name.replace(/\.yml$/, '.txt')}`;
    if (process.env['UPDATE_MESSAGES'] === '1') writeFileSync(expected, message);
    assert.notEqual(message, 'no error\n');
    assert.equal(message, readFileSync(expected, 'utf8'));
  });
}

test('every message belongs to a file', () => {
  const messages = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  assert.deepEqual(messages.sort(), files.map((name) => name.replace(/\.yml$/, '.txt')).sort());
});
