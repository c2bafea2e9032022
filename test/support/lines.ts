/** What the tests of this room share: files, streams in pieces, and the naive rule. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after } from 'node:test';
import { fc } from './fast-check.ts';
import { AppError, type ErrorCode } from '../../src/core/errors.ts';
import { openLines, type LineOptions } from '../../src/sources/file/lines.ts';
import type { LineInput } from '../../src/sources/file/open-input.ts';
import type { LineChunk } from '../../src/sources/file/splitter.ts';
import { temporary } from './temporary.ts';

export const folder = temporary({ after });
let files = 0;
/** A file with this content. */
export function file(content: Uint8Array | string): string {
  const path = join(folder, `${files++}.bin`);
  writeFileSync(path, content);
  return path;
}

/** The rule itself, slowly: one character a byte. */
export function naiveLines(content: Uint8Array, maxLineBytes = 1_048_576): string[] {
  const texts = Buffer.from(content)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .split('\n');
  const last = texts.pop() as string;
  return [...texts.map((text) => (text.endsWith('\r') ? text.slice(0, -1) : text)), ...(last === '' ? [] : [last])].map((line) =>
    line.slice(0, maxLineBytes + 1),
  );
}

export function linesOf(chunk: LineChunk): string[] {
  const bytes = Buffer.from(chunk.bytes);
  return Array.from(chunk.ends, (end, i) => bytes.toString('latin1', i === 0 ? 0 : chunk.ends[i - 1], end));
}

export async function read(input: LineInput, options: LineOptions = {}) {
  const chunks: LineChunk[] = [];
  let error: unknown;
  try {
    for await (const chunk of openLines(input, options)) chunks.push(chunk);
  } catch (caught) {
    error = caught;
  }
  let next = (options.resume?.line ?? 0) + 1;
  for (const chunk of chunks) {
    assert.equal(chunk.firstLine, next, 'line numbers go on without a gap');
    assert.ok(chunk.ends.length > 0, 'no empty chunk');
    next += chunk.ends.length;
  }
  return { chunks, lines: chunks.flatMap(linesOf), resume: chunks.at(-1)?.resume ?? options.resume, error };
}

export async function readAll(input: LineInput, options: LineOptions = {}) {
  const result = await read(input, options);
  if (result.error !== undefined) throw result.error;
  return result;
}

export function assertError(error: unknown, code: ErrorCode, text: RegExp): void {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, text);
}

/** Bytes in which line ends are frequent. */
export const content = fc
  .array(fc.oneof(fc.constantFrom('\n', '\r', '\r\n', '\n\n', ' ', '\u0085'), fc.string({ unit: 'binary-ascii', maxLength: 12 })), {
    maxLength: 30,
  })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

/** The same, often with byte order marks: of the beginning, and elsewhere. */
export const markedContent = fc
  .array(
    fc.oneof(
      content,
      fc.constantFrom('\uFEFF\n', '\uFEFF{').map((text) => Buffer.from(text)),
    ),
    { maxLength: 3 },
  )
  .map((parts) => Buffer.concat(parts));

export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] as number);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
export const stream = (pieces: Iterable<Uint8Array>): LineInput => ({ stream: Readable.from(pieces) });
