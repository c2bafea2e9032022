import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { fc } from '../../../test/support/fast-check.ts';
import { assertError, cut, file, folder, linesOf, markedContent, naiveLines, read, readAll, stream } from '../../../test/support/lines.ts';
import { openLines } from './lines.ts';
import type { LineChunk } from './splitter.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('lines', () => {
  test('any bytes in any pieces and any chunks give the lines of a naive splitter', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 });
    const limits = fc.record({
      maxLineBytes: fc.integer({ min: 1, max: 12 }),
      chunkBytes: fc.integer({ min: 1, max: 30 }),
      chunkLines: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(markedContent, cuts, limits, async (bytes, sizes, options) => {
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
      fc.asyncProperty(
        fc.array(markedContent, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (parts, gzip, size) => {
          const packed = Buffer.concat(parts.map((part) => (gzip ? gzipSync(part) : zstdCompressSync(part))));
          const expected = naiveLines(Buffer.concat(parts));
          assert.deepEqual((await readAll(stream(cut(packed, [size])))).lines, expected);
          assert.deepEqual((await readAll(stream([packed]))).lines, expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('CR is taken off once, before LF only', async () => {
    assert.deepEqual((await readAll(stream([Buffer.from('a\r\nb\r\r\n\rc\n\r\n\nd\r')]))).lines, ['a', 'b\r', '\rc', '', '', 'd\r']);
  });

  test('a byte order mark at the very beginning is no part of the first line, plain or compressed; elsewhere it stays', async () => {
    const text = '\uFEFF{"n":1}\r\n\uFEFF{"n":2}';
    const elsewhere = Buffer.from('\uFEFF{"n":2}').toString('latin1');
    for (const bytes of [Buffer.from(text), gzipSync(text), zstdCompressSync(text)]) {
      for (const input of [{ path: file(bytes) }, stream(cut(bytes, [1]))]) {
        const { lines, chunks } = await readAll(input, { chunkLines: 1 });
        assert.deepEqual(lines, ['{"n":1}', elsewhere]);
        assert.equal(chunks[0]!.position, 12, 'where reading goes on, it counts');
      }
      const first = (await readAll({ path: file(bytes) }, { chunkLines: 1 })).chunks[0]!;
      assert.deepEqual((await readAll({ path: file(bytes) }, { resume: first.resume })).lines, [elsewhere]);
    }
    assert.deepEqual((await readAll({ path: file('\uFEFF') })).lines, []);
    assert.deepEqual((await readAll({ path: file('\uFEFF1234') }, { maxLineBytes: 4 })).lines, ['1234']);
    assert.deepEqual((await readAll({ path: file('\uFEFF123456789\r\n1') }, { maxLineBytes: 4 })).lines, ['12345', '1']);
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

  test("a FIFO is read to the writer's end, and waits for a writer that is late", async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const result = readAll({ path });
    const writer = spawn('sh', ['-c', 'printf "a\\nb" > "$0"', path], { stdio: 'ignore' });
    assert.deepEqual((await result).lines, ['a', 'b']);
    if (writer.exitCode === null) await once(writer, 'exit');
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
    assertError(
      (await read({ stream: failing, name: 'standard input' })).error,
      'input_unreadable',
      /standard input cannot be read: wire cut/,
    );
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
