/** Inputs that can be read only once, and what may go wrong while they are kept. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { runBacktest } from './backtest.ts';
import { withInputFile } from './input-file.ts';
import { ORDERS_PIPELINE } from '../../../test/support/orders-pipeline.ts';
import { temporary } from '../../../test/support/temporary.ts';

const dir = temporary({ after });
/** Where inputs are kept: nobody else's are there. */
const kept = join(dir, 'kept');
mkdirSync(kept);
process.env['TMPDIR'] = kept;

const nothing = (): Readable => Readable.from([]);

function fifo(name: string): string {
  const path = join(dir, name);
  execFileSync('mkfifo', [path]);
  return path;
}

test('a FIFO can be read from its beginning as often as is needed, and is called by its name', async () => {
  const path = fifo('pipe');
  const content = 'a line\n'.repeat(50_000);
  const written = writeFile(path, content);
  await withInputFile(path, nothing(), undefined, async (file) => {
    assert.equal(file.name, path);
    assert.equal(await readFile(file.path, 'utf8'), content);
    assert.equal(await readFile(file.path, 'utf8'), content);
  });
  await written;
  assert.deepEqual(readdirSync(kept), []);
});

test('a file is read where it is; what is not there, or is a directory, is told by who opens it', async () => {
  const path = join(dir, 'plain');
  writeFileSync(path, 'x');
  for (const input of [path, dir, join(dir, 'nowhere')]) {
    await withInputFile(input, nothing(), undefined, async (file) => assert.deepEqual(file, { path: input, name: input }));
  }
});

test('a FIFO that nobody writes into is not waited for once it is broken off', async () => {
  const stopping = new AbortController();
  const work = withInputFile(fifo('silent'), nothing(), stopping.signal, () => assert.fail('there is nothing to work on'));
  setTimeout(() => stopping.abort(), 50);
  await assert.rejects(work, { name: 'AbortError' });
  assert.deepEqual(readdirSync(kept), []);
});

test('standard input that cannot be read, or kept, is told as that', async (t) => {
  const fails = (stdin: Readable, code: string, message: RegExp): Promise<void> =>
    assert.rejects(
      withInputFile('-', stdin, undefined, () => assert.fail('there is nothing to work on')),
      (error) => error instanceof AppError && error.code === code && message.test(error.message),
    );
  await fails(createReadStream(dir), 'input_unreadable', /^standard input cannot be read: EISDIR/);
  assert.deepEqual(readdirSync(kept), []);
  t.after(() => (process.env['TMPDIR'] = kept));
  process.env['TMPDIR'] = join(dir, 'nowhere');
  await fails(nothing(), 'input_unreadable', /^standard input cannot be kept in .*nowhere while it is read: ENOENT.*TMPDIR/);
});

test('a full disk is told as one', async (t) => {
  const small = join(dir, 'small');
  mkdirSync(small);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tocsin-test', small]).status !== 0) {
    t.skip('needs the right to mount a small file system');
    return;
  }
  process.env['TMPDIR'] = small;
  t.after(() => {
    process.env['TMPDIR'] = kept;
    spawnSync('umount', ['-l', small]);
  });
  const much = Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(65_536)));
  await assert.rejects(
    withInputFile('-', much, undefined, () => assert.fail('there is nothing to work on')),
    (error) => error instanceof AppError && error.code === 'disk_full' && /the disk or quota is full\. Free some space/.test(error.message),
  );
  assert.deepEqual(readdirSync(small), []);
});

const pipelineFile = join(dir, 'shop.yml');
writeFileSync(pipelineFile, ORDERS_PIPELINE);
const backtest = (input: Buffer | string) =>
  runBacktest(
    { file: pipelineFile, data: join(dir, 'nowhere'), warmUpMs: 0, set: [], compare: false, graceMs: 0, input: '-' },
    { clock: systemClock, stdin: Readable.from([Buffer.from(input)]) },
  );

test('what is told of standard input names it, and not the file that it was kept in', async () => {
  const row = (minute: number): string =>
    JSON.stringify({ window: '1m', window_start: `2026-03-02T09:0${minute}:00Z`, country: 'KR', orders: 7 });
  await assert.rejects(backtest(`${row(0)}\n{}\n`), /^AppError: standard input:2: found something else; expected a row of a window/);
  const event = JSON.stringify({ at: '2026-03-02T09:00:00Z', country: 'KR' });
  const { notes } = await backtest(`${event}\nbroken\n`);
  assert.ok(
    notes.some((note) => /^of 2 records of standard input 1 invalid one .*was not counted$/.test(note)),
    notes.join('\n'),
  );
  const packed = gzipSync([0, 1, 2, 3].map((minute) => `${row(minute)}\n`).join(''));
  await assert.rejects(backtest(packed.subarray(0, -6)), /^AppError: standard input cannot be read: the gzip data ends in its middle/);
});
