import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { createRandom } from '../../core/random.ts';
import { openLines, type LineOptions } from './lines.ts';
import type { LineInput } from './open-input.ts';
import type { LineChunk } from './splitter.ts';

const folder = mkdtempSync(join(tmpdir(), 'tocsin-lines-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
function file(content: Uint8Array | string): string {
  const path = join(folder, `${files++}.bin`);
  writeFileSync(path, content);
  return path;
}

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The rule itself, slowly: one character a byte. */
function naiveLines(content: Uint8Array, maxLineBytes = 1_048_576): string[] {
  const texts = Buffer.from(content).toString('latin1').split('\n');
  const last = texts.pop() as string;
  return [...texts.map((text) => (text.endsWith('\r') ? text.slice(0, -1) : text)), ...(last === '' ? [] : [last])].map((line) =>
    line.slice(0, maxLineBytes + 1),
  );
}

function linesOf(chunk: LineChunk): string[] {
  const bytes = Buffer.from(chunk.bytes);
  return Array.from(chunk.ends, (end, i) => bytes.toString('latin1', i === 0 ? 0 : chunk.ends[i - 1], end));
}

async function read(input: LineInput, options: LineOptions = {}) {
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

async function readAll(input: LineInput, options: LineOptions = {}) {
  const result = await read(input, options);
  if (result.error !== undefined) throw result.error;
  return result;
}

function assertError(error: unknown, code: ErrorCode, text: RegExp): void {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, text);
}

/** Bytes in which line ends are frequent. */
const content = fc
  .array(fc.oneof(fc.constantFrom('\n', '\r', '\r\n', '\n\n', ' ', '\u0085'), fc.string({ unit: 'binary-ascii', maxLength: 12 })), { maxLength: 30 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] as number);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
const stream = (pieces: Iterable<Uint8Array>): LineInput => ({ stream: Readable.from(pieces) });

describe('lines', () => {
  test('any bytes in any pieces and any chunks give the lines of a naive splitter', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 });
    const limits = fc.record({ maxLineBytes: fc.integer({ min: 1, max: 12 }), chunkBytes: fc.integer({ min: 1, max: 30 }), chunkLines: fc.integer({ min: 1, max: 5 }) });
    await fc.assert(
      fc.asyncProperty(content, cuts, limits, async (bytes, sizes, options) => {
        const { lines, resume, chunks } = await readAll(stream(cut(bytes, sizes)), options);
        assert.deepEqual(lines, naiveLines(bytes, options.maxLineBytes));
        assert.equal(resume?.position ?? 0, bytes.length);
        for (const chunk of chunks) assert.ok(chunk.ends.length <= options.chunkLines);
      }),
      { numRuns: 300 },
    );
  });

  test('compressed in any members or frames, they are the same lines', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.integer({ min: 1, max: 40 }), async (parts, gzip, size) => {
        const packed = Buffer.concat(parts.map((part) => (gzip ? gzipSync(part) : zstdCompressSync(part))));
        const expected = naiveLines(Buffer.concat(parts));
        assert.deepEqual((await readAll(stream(cut(packed, [size])))).lines, expected);
        assert.deepEqual((await readAll(stream([packed]))).lines, expected);
      }),
      { numRuns: 60 },
    );
  });

  test('a resume at every position gives the same lines, from files and streams, plain and compressed', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.constantFrom('plain', 'gzip', 'zstd'), fc.boolean(), async (bytes, how, asFile) => {
        const packed = how === 'plain' ? bytes : how === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes);
        const path = asFile ? file(packed) : '';
        const input = (): LineInput => (asFile ? { path } : stream([packed]));
        const options = { chunkLines: 1 };
        const { chunks, lines } = await readAll(input(), options);
        assert.deepEqual(lines, naiveLines(bytes));
        for (const [i, chunk] of chunks.entries()) {
          const resume = JSON.parse(JSON.stringify(chunk.resume)) as typeof chunk.resume;
          const rest = await readAll(input(), { ...options, resume });
          assert.deepEqual(rest.lines, lines.slice(i + 1));
          if (rest.chunks.length > 0) assert.deepEqual(rest.resume, chunks.at(-1)?.resume, 'the state is the same as without a resume');
        }
      }),
      { numRuns: 40 },
    );
  });

  test('a large input with long lines: resume states hold where head and tail are full', async () => {
    const random = createRandom(5);
    const text = Array.from({ length: 3_000 }, (_, i) => `${i}:${'x'.repeat(random.below(i % 500 === 0 ? 150_000 : 120))}`).join('\n');
    const path = file(text);
    const options = { maxLineBytes: 20_000, chunkBytes: 40_000 };
    const expected = naiveLines(Buffer.from(text), options.maxLineBytes);
    const { chunks, lines } = await readAll({ path }, options);
    assert.deepEqual(lines, expected);
    for (const chunk of chunks.filter((_, i) => i % 5 === 0)) {
      for (const input of [{ path }, stream(cut(Buffer.from(text), [7_777]))]) {
        const rest = await readAll(input, { ...options, resume: chunk.resume });
        assert.deepEqual(rest.lines, expected.slice(chunk.resume.line));
        if (rest.chunks.length > 0) assert.deepEqual(rest.resume, chunks.at(-1)?.resume);
      }
    }
  });

  test('CR is taken off once, before LF only', async () => {
    assert.deepEqual((await readAll(stream([Buffer.from('a\r\nb\r\r\n\rc\n\r\n\nd\r')]))).lines, ['a', 'b\r', '\rc', '', '', 'd\r']);
  });

  test('a line of exactly the limit is whole, with or without CR; a longer one is cut to one byte more', async () => {
    const text = `${'a'.repeat(10)}\n${'b'.repeat(10)}\r\n${'c'.repeat(11)}\r\n${'d'.repeat(12)}\n${'e'.repeat(500)}\r\nf`;
    const { lines } = await readAll(stream([Buffer.from(text)]), { maxLineBytes: 10 });
    assert.deepEqual(lines, ['a'.repeat(10), 'b'.repeat(10), 'c'.repeat(11), 'd'.repeat(11), 'e'.repeat(11), 'f']);
  });

  test('a line without end and a bomb are read in bounded memory', async () => {
    const block = Buffer.alloc(1 << 20, 0x61);
    const bomb = cut(Buffer.concat(Array.from({ length: 300 }, () => zstdCompressSync(block))), [1_000]);
    for (const pieces of [Array.from({ length: 300 }, () => block), bomb]) {
      collectGarbage();
      const before = process.memoryUsage().arrayBuffers;
      let grown = 0;
      const watched = async function* () {
        for (const [i, piece] of pieces.entries()) {
          if (i % 4 === 3) collectGarbage();
          grown = Math.max(grown, i % 4 === 3 ? process.memoryUsage().arrayBuffers - before : 0);
          yield piece;
        }
      };
      const { lines, resume } = await readAll({ stream: watched() }, { maxLineBytes: 1_000 });
      assert.equal(lines.length, 1);
      assert.equal(lines[0]?.length, 1_001);
      assert.equal(resume?.position, 300 << 20);
      assert.ok(grown < 40 << 20, `${grown} bytes more`);
    }
  });
});

describe('a slow pipe', { timeout: 20_000 }, () => {
  test('complete lines come after the flush time, the unfinished one when it ends', async () => {
    const pipe = new PassThrough();
    const reader = openLines({ stream: pipe }, { flushAfterMs: 20 });
    pipe.write('one\ntw');
    const first = await reader.next();
    assert.deepEqual(linesOf(first.value as LineChunk), ['one']);
    assert.equal((first.value as LineChunk).resume.position, 4);
    pipe.write('o\n');
    assert.deepEqual(linesOf((await reader.next()).value as LineChunk), ['two']);
    pipe.end('three');
    const last = (await reader.next()).value as LineChunk;
    assert.deepEqual([linesOf(last), last.firstLine, last.resume.open], [['three'], 3, true]);
    assert.equal((await reader.next()).done, true);
  });

  test('a signal ends it without error after the lines at hand, also a consumer that leaves', async () => {
    const pipe = new PassThrough();
    const stop = new AbortController();
    const reader = openLines({ stream: pipe }, { flushAfterMs: 60_000, signal: stop.signal });
    pipe.write('one\ntwo');
    const next = reader.next();
    setImmediate(() => setImmediate(() => stop.abort()));
    const got = await next;
    if (!got.done) assert.deepEqual(linesOf(got.value), ['one']);
    assert.equal((await reader.next()).done, true);
    assert.ok(pipe.destroyed);

    const other = new PassThrough();
    other.write('one\n');
    for await (const chunk of openLines({ stream: other }, { flushAfterMs: 1 })) {
      assert.deepEqual(linesOf(chunk), ['one']);
      break;
    }
    assert.ok(other.destroyed);
  });

  test('a FIFO is read to the writer\'s end, and waits for a writer that is late', async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const result = readAll({ path });
    const writer = spawn('sh', ['-c', 'printf "a\\nb" > "$0"', path], { stdio: 'ignore' });
    assert.deepEqual((await result).lines, ['a', 'b']);
    if (writer.exitCode === null) await once(writer, 'exit');
  });
});

describe('a growing file', { timeout: 20_000 }, () => {
  test('what was added comes with a resume', async () => {
    const path = file('a\nb\n');
    const first = await readAll({ path });
    appendFileSync(path, 'c\r\n\nd');
    const second = await readAll({ path }, { resume: first.resume as never });
    assert.deepEqual(second.lines, ['c', '', 'd']);
    assert.equal(second.chunks[0]?.firstLine, 3);
    const packed = file(Buffer.concat([gzipSync('a\nb\n'), gzipSync('c\n')]));
    assert.deepEqual((await readAll({ path: packed }, { resume: first.resume as never })).lines, ['c']);
  });

  test('a last line that was delivered without LF: its line end is swallowed', async () => {
    for (const [added, lines] of [['', []], ['\n', []], ['\r\n', []], ['\nc\n', ['c']], ['\r\nc', ['c']], ['\r', []]] as const) {
      for (const how of ['file', 'stream', 'bytes'] as const) {
        const { resume } = await readAll(stream([Buffer.from('a\nb')]));
        assert.equal(resume?.open, true);
        const whole = Buffer.from(`a\nb${added}`);
        const input = how === 'file' ? { path: file(whole) } : stream(cut(whole, how === 'bytes' ? [1] : []));
        const next = await readAll(input, { resume });
        assert.deepEqual(next.lines, lines, JSON.stringify(added));
        if (next.chunks.length > 0) assert.equal(next.chunks[0]?.firstLine, 3);
      }
    }
    const { resume } = await readAll(stream([Buffer.from('a\nb')]));
    for (const added of ['c\n', '\rc', '\r\r\n']) {
      const { error } = await read({ path: file(`a\nb${added}`) }, { resume: resume as never });
      assertError(error, 'input_changed', /line 2, up to byte 3.*follow/s);
    }
  });

  test('follow waits for more and holds the unfinished line back', async () => {
    const path = file('a\nb');
    const stop = new AbortController();
    const reader = openLines({ path }, { follow: true, flushAfterMs: 5, signal: stop.signal });
    assert.deepEqual(linesOf((await reader.next()).value as LineChunk), ['a']);
    appendFileSync(path, 'b\nc');
    assert.deepEqual(linesOf((await reader.next()).value as LineChunk), ['bb']);
    stop.abort();
    assert.equal((await reader.next()).done, true);

    const again = openLines({ path }, { follow: true, flushAfterMs: 5 });
    await again.next();
    truncateSync(path, 1);
    await assert.rejects(async () => again.next(), (error) => (assertError(error, 'input_changed', /became shorter/), true));
  });
});

describe('another input than the one begun with', () => {
  const big = Buffer.from(Array.from({ length: 30_000 }, (_, i) => `line ${i}`).join('\n'));
  test('shorter, changed at the beginning or before the position', async () => {
    const { chunks } = await readAll(stream([big]), { chunkBytes: 200_000, chunkLines: 100_000 });
    const resume = chunks[0]?.resume as never;
    const changed = (at: number) => {
      const copy = Buffer.from(big);
      copy[at] = 0x21;
      return copy;
    };
    for (const pack of [(b: Buffer) => b, gzipSync]) {
      for (const [bytes, text] of [
        [big.subarray(0, 150_000), /it is shorter, 150000 bytes, while 2\d{5} \(\d+ lines\)/],
        [changed(3), /content before byte 2\d{5} \(line \d+\) differs.*--data/s],
        [changed(190_000), /differs/],
      ] as const) {
        const packed = pack(bytes as Buffer);
        assertError((await read({ path: file(packed) }, { resume })).error, 'input_changed', text);
        assertError((await read(stream([packed]), { resume })).error, 'input_changed', text);
      }
    }
    assert.equal((await readAll({ path: file(changed(big.length - 1)) }, { resume })).lines.length, 30_000 - (chunks[0]?.resume.line ?? 0));
  });
});

describe('what cannot be read', () => {
  test('no file, a directory, no permission', async () => {
    assertError((await read({ path: join(folder, 'nope') })).error, 'input_unreadable', /nope cannot be read: there is no such file/);
    assertError((await read({ path: folder })).error, 'input_unreadable', /is a directory/);
    const closed = file('x');
    chmodSync(closed, 0);
    if (process.getuid?.() !== 0) assertError((await read({ path: closed })).error, 'input_unreadable', /permission/);
    const failing = new PassThrough();
    failing.destroy(new Error('wire cut'));
    assertError((await read({ stream: failing, name: 'standard input' })).error, 'input_unreadable', /standard input cannot be read: wire cut/);
  });

  test('an empty input and a device have no lines', async () => {
    assert.deepEqual((await readAll({ path: file('') })).lines, []);
    assert.deepEqual((await readAll({ path: '/dev/null' })).lines, []);
  });

  test('cut off anywhere: the complete lines before come, then the error names file and byte', async () => {
    const text = Buffer.from(Array.from({ length: 2_000 }, (_, i) => `line ${i} ${(i * 7919) % 1000}`).join('\n'));
    for (const packed of [gzipSync(text), zstdCompressSync(text), Buffer.concat([gzipSync(text), gzipSync(text)])]) {
      for (const kept of [5, packed.length >> 2, (packed.length >> 1) + 3, packed.length - 9, packed.length - 1]) {
        for (const input of [{ path: file(packed.subarray(0, kept)) }, stream([packed.subarray(0, kept)])]) {
          const { lines, error, resume } = await read(input);
          assertError(error, 'input_unreadable', new RegExp(`cannot be read: the (gzip|zstd) data ends in its middle, at byte ${kept}`));
          const whole = await readAll(stream([packed]));
          assert.deepEqual(lines, whole.lines.slice(0, lines.length));
          if (kept === packed.length - 1 && packed[0] === 0x1f) assert.equal(lines.length, whole.lines.length - 1);
          const rest = await readAll(stream([packed]), resume ? { resume } : {});
          assert.deepEqual([...lines, ...rest.lines], whole.lines, 'a sound copy continues');
        }
      }
    }
  });

  test('broken data: a file gives every complete line before the fault, whatever the step it is in', async () => {
    const text = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${i} ${(i * 7919) % 1000}\n`).join(''));
    const packed = gzipSync(text);
    const checksum = Buffer.from(packed);
    checksum[packed.length - 8] = (checksum[packed.length - 8] as number) ^ 1;
    const whole = await read({ path: file(checksum) });
    assert.equal(whole.lines.length, 40_000);
    assertError(whole.error, 'input_unreadable', /gzip data is broken at about byte \d+: incorrect data check.*gzip -t/);
    const piped = await read(stream([checksum]));
    assert.ok(piped.lines.length > 35_000, `${piped.lines.length} lines`);
    assertError(piped.error, 'input_unreadable', /broken/);

    const tail = await read({ path: file(Buffer.concat([packed, Buffer.alloc(512), Buffer.from('junk')])) });
    assert.equal(tail.lines.length, 40_000);
    assertError(tail.error, 'input_unreadable', /not gzip follows/);
    assert.equal((await readAll({ path: file(Buffer.concat([packed, Buffer.alloc(512)])) })).lines.length, 40_000);

    const zstd = Buffer.concat([zstdCompressSync(text), Buffer.from('junk')]);
    const frames = await read({ path: file(zstd) });
    assert.equal(frames.lines.length, 40_000);
    assertError(frames.error, 'input_unreadable', /zstd data is broken/);
  });
});
