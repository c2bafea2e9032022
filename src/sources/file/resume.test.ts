import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom } from '../../core/random.ts';
import { assertError, cut, file, linesOf, markedContent, naiveLines, read, readAll, stream } from '../../../test/support/lines.ts';
import { openLines } from './lines.ts';
import type { LineInput } from './open-input.ts';
import type { LineChunk } from './splitter.ts';

describe('resuming', () => {
  test('a resume at every position gives the same lines, from files and streams, plain and compressed', async () => {
    await fc.assert(
      fc.asyncProperty(markedContent, fc.constantFrom('plain', 'gzip', 'zstd'), fc.boolean(), async (bytes, how, asFile) => {
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
    for (const [added, lines] of [
      ['', []],
      ['\n', []],
      ['\r\n', []],
      ['\nc\n', ['c']],
      ['\r\nc', ['c']],
      ['\r', []],
    ] as const) {
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
        const packed = pack(bytes);
        assertError((await read({ path: file(packed) }, { resume })).error, 'input_changed', text);
        assertError((await read(stream([packed]), { resume })).error, 'input_changed', text);
      }
    }
    assert.equal((await readAll({ path: file(changed(big.length - 1)) }, { resume })).lines.length, 30_000 - (chunks[0]?.resume.line ?? 0));
  });
});
