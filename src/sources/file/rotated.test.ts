import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { fc } from '../../../test/support/fast-check.ts';
import type { Logger } from '../../core/logger.ts';
import { assertError, folder, linesOf, naiveLines, read, readAll } from '../../../test/support/lines.ts';
import { until } from '../../../test/support/until.ts';
import { openLines } from './lines.ts';
import { rotatedFiles } from './rotated.ts';
import type { LineResume } from './trail.ts';

const SOAK = process.env['SOAK'] === '1';
const quick = { follow: true, lookEveryMs: 1, flushAfterMs: 1, chunkLines: 3 };

type Names = 'numbers' | 'dates';

/** Writes a log and rotates it as logrotate does; knows what stands in it. */
function createLog(names: Names) {
  const path = join(mkdtempSync(join(folder, 'log-')), 'access.log');
  let writesTo = openSync(path, 'a');
  let rotations = 0;
  let line = 0;
  /** What each file held that is closed, and what the open one holds. */
  const before: string[] = [];
  let content = '';
  const write = (text: string): void => {
    content += text;
    writeSync(writesTo, text);
  };
  const lines = (count: number): string => Array.from({ length: count }, () => `${'x'.repeat(line % 7)} line ${++line}\n`).join('');
  const rotated = (): string[] => readdirSync(join(path, '..')).filter((name) => name !== 'access.log');
  const nameOfNext = (): string => {
    rotations++;
    if (names === 'dates') return `${path}-${20261100 + rotations}`;
    for (let n = rotations - 1; n > 0; n--) {
      for (const packed of ['', '.gz', '.zst']) {
        if (rotated().includes(`access.log.${n}${packed}`)) renameSync(`${path}.${n}${packed}`, `${path}.${n + 1}${packed}`);
      }
    }
    return `${path}.1`;
  };
  const closeContent = (): void => {
    before.push(content);
    content = '';
  };
  return {
    path,
    append: (count: number) => write(lines(count)),
    part: () => write(`part ${++line}`),
    /** The writer goes on in the old file for some lines, and there is nothing at the path meanwhile, or an empty file. */
    rename(late: number, isCreated: boolean) {
      renameSync(path, nameOfNext());
      if (isCreated) closeSync(openSync(path, 'a'));
      write(lines(late));
    },
    reopen() {
      closeSync(writesTo);
      closeContent();
      writesTo = openSync(path, 'a');
    },
    copyTruncate() {
      copyFileSync(path, nameOfNext());
      closeContent();
      truncateSync(path);
    },
    compress(how: 'gz' | 'zst') {
      const plain = rotated()
        .filter((name) => !/(gz|zst)$/.test(name))
        .sort()
        .at(names === 'dates' ? 0 : -1);
      if (plain === undefined) return;
      const from = join(path, '..', plain);
      const packed = `${from}.${how}`;
      writeFileSync(packed, how === 'gz' ? gzipSync(readFileSync(from)) : zstdCompressSync(readFileSync(from)));
      const { atime, mtime } = statSync(from);
      utimesSync(packed, atime, mtime);
      unlinkSync(from);
    },
    lines: () => [...before, content].flatMap((each) => naiveLines(Buffer.from(each))),
    close: () => closeSync(writesTo),
  };
}

/** Follows a log as a process does that commits what it read, and may be killed anywhere. */
function createReader(path: string, logger?: Logger) {
  const lines: string[] = [];
  let resume: LineResume | undefined;
  let running: { stop: AbortController; done: Promise<void> } | undefined;
  const follow = async (stop: AbortController): Promise<void> => {
    for await (const chunk of openLines(
      { path },
      { ...quick, signal: stop.signal, ...(resume && { resume }), ...(logger && { logger }) },
    )) {
      if (stop.signal.aborted) return;
      assert.ok(chunk.firstLine === 1 || chunk.firstLine === (resume?.line ?? 0) + 1, 'line numbers go on, or begin anew');
      lines.push(...linesOf(chunk));
      resume = JSON.parse(JSON.stringify(chunk.resume)) as LineResume;
    }
  };
  return {
    lines,
    resume: () => resume,
    start() {
      const stop = new AbortController();
      running ??= { stop, done: follow(stop) };
      return running.done;
    },
    async kill() {
      running?.stop.abort();
      await running?.done;
      running = undefined;
    },
  };
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('part' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('rename' as const),
      late: fc.integer({ min: 0, max: 4 }),
      isCreated: fc.boolean(),
      wait: fc.nat(8),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('copyTruncate' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compress' as const), how: fc.constantFrom('gz' as const, 'zst' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'start' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 60 }) }) },
);
const wait = async (turns: number): Promise<void> => {
  for (let i = 0; i < turns; i++) await turn();
};

describe('a log that is rotated while it is followed', { timeout: SOAK ? 600_000 : 60_000 }, () => {
  test('renamed, copied and emptied, compressed, the reader killed anywhere: every line once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom<Names>('numbers', 'dates'), fc.array(step, { maxLength: 25 }), async (names, steps) => {
        const log = createLog(names);
        const reader = createReader(log.path);
        log.append(1);
        void reader.start();
        await until(() => reader.lines.length === 1);
        try {
          for (const each of steps) {
            if (each.do === 'append') log.append(each.count);
            else if (each.do === 'part') log.part();
            else if (each.do === 'rename') {
              log.rename(each.late, each.isCreated);
              await wait(each.wait);
              log.reopen();
            } else if (each.do === 'copyTruncate') log.copyTruncate();
            else if (each.do === 'compress') log.compress(each.how);
            else if (each.do === 'wait') await wait(each.turns);
            else if (each.do === 'kill') await reader.kill();
            else void reader.start();
          }
          log.append(2);
          const expected = log.lines();
          void reader.start();
          await until(() => reader.lines.length >= expected.length);
          await reader.kill();
          assert.deepEqual(reader.lines, expected);
          const rest = await readAll({ path: log.path }, { resume: reader.resume()! });
          assert.deepEqual(rest.lines, [], 'and nothing is left');
        } finally {
          await reader.kill();
          log.close();
        }
      }),
      { numRuns: SOAK ? 1_000 : 25 },
    );
  });

  test('it tells where reading goes on; the file that was begun with is gone: a warning, and without follow a refusal', async () => {
    const told: string[] = [];
    const logger: Logger = { info: (text) => void told.push(text), warn: (text) => void told.push(`warning: ${text}`) };
    const log = createLog('numbers');
    const reader = createReader(log.path, logger);
    const seen = async (): Promise<void> => until(() => reader.lines.length === log.lines().length);
    log.append(4);
    void reader.start();
    await seen();
    log.rename(1, true);
    log.reopen();
    log.append(2);
    await seen();
    assert.match(
      told.splice(0).join('\n'),
      /^\S+access\.log was rotated: the file before is read to its end, line 5; next is \S+access\.log$/,
    );
    await reader.kill();
    log.append(1);
    log.copyTruncate();
    log.append(1);
    void reader.start();
    await seen();
    assert.match(
      told.splice(0).join('\n'),
      /behind line 2 of the file before is read from \S+access\.log\.1\n.*line 3; next is \S+access\.log$/,
    );
    await reader.kill();
    rmSync(`${log.path}.1`);
    truncateSync(log.path);
    writeFileSync(log.path, 'other\n');
    assertError(
      (await read({ path: log.path }, { resume: reader.resume()! })).error,
      'input_changed',
      /is not the input that was begun with/,
    );
    void reader.start();
    await until(() => reader.lines.at(-1) === 'other');
    assert.match(told.join('\n'), /^warning: \S+access\.log is another file .* behind line 1 is not read\. Reading goes on with line 1 of/);
    await reader.kill();
    log.close();
  });

  test('without follow: the rest of the file that was begun with, those after it by age, then the one at the path', async () => {
    const path = join(mkdtempSync(join(folder, 'log-')), 'access.log');
    writeFileSync(path, 'one\ntwo');
    const { resume } = await readAll({ path });
    // Of mixed names the time of the last write tells; what is no rotation's name is none of the log.
    for (const [i, [name, text]] of [
      ['access.log.old', 'one\ntwo\nthree\n'],
      ['access.log-20261123', 'four'],
      ['access.log.1', 'five\n'],
      ['access.log.filtered', 'none\n'],
      ['access.log', 'six\n'],
    ].entries()) {
      writeFileSync(join(path, '..', name!), text!);
      utimesSync(join(path, '..', name!), i, i);
    }
    const rest = [];
    for await (const chunk of openLines({ path }, { resume: resume! })) rest.push(...linesOf(chunk));
    assert.deepEqual(rest, ['three', 'four', 'five', 'six']);
  });

  /** A folder of its own; an ordered list is written with a second between the times of the files. */
  const make = (files: readonly (readonly [string, string | Uint8Array])[]): string => {
    const path = join(mkdtempSync(join(folder, 'log-')), 'access.log');
    for (const [i, [suffix, text]] of files.entries()) {
      writeFileSync(path + suffix, text);
      utimesSync(path + suffix, i, i);
    }
    return path;
  };
  /** What a follower reads until the line that is awaited. */
  const following = async (path: string, resume: LineResume | undefined, last: string, meanwhile?: () => void) => {
    const stop = new AbortController();
    const got: string[] = [];
    const warnings: string[] = [];
    const logger: Logger = { info: () => {}, warn: (text) => void warnings.push(text) };
    for await (const chunk of openLines({ path }, { ...quick, signal: stop.signal, logger, ...(resume && { resume }) })) {
      if (got.length === 0) meanwhile?.();
      got.push(...linesOf(chunk));
      if (got.at(-1) === last) stop.abort();
    }
    return { got, warnings };
  };

  test('a last line that was counted half-written: its rest comes as a line of its own, the file never again', async () => {
    const path = make([['', 'one\ntwo']]);
    const { resume } = await readAll({ path });
    writeFileSync(path, ' more\nthree\n', { flag: 'a' });
    assert.deepEqual((await following(path, resume, 'three')).got, [' more', 'three']);
  });

  test('a file that was edited in what was read is refused, not counted again', async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('');
    const path = make([['', text]]);
    const { resume } = await readAll({ path });
    writeFileSync(path, text.replace('line 7\n', 'LINE 7\n'));
    assertError((await read({ path }, { follow: true, resume: resume! })).error, 'input_changed', /differs from what has been read/);
  });

  test('a copy in its place or beside it is gone on with, not read again', async () => {
    const path = make([['', 'one\ntwo\n']]);
    const replace = (): void => {
      writeFileSync(`${path}~`, 'one\ntwo\nthree\n');
      renameSync(`${path}~`, path);
    };
    assert.deepEqual((await following(path, undefined, 'three', replace)).got, ['one', 'two', 'three']);
    const copied = make([['', 'one\n']]);
    const rotate = (): void => {
      renameSync(copied, `${copied}.1`);
      copyFileSync(`${copied}.1`, `${copied}.old`);
      writeFileSync(copied, 'two\n');
    };
    assert.deepEqual((await following(copied, undefined, 'two', rotate)).got, ['one', 'two']);
  });

  test('the one being read is deleted: the next is the first that was written after it; a start names what it passes over', async () => {
    const path = make([
      ['.2', 'older\n'],
      ['', 'one\n'],
    ]);
    const remove = (): void => {
      rmSync(path);
      writeFileSync(`${path}.1`, 'two\n');
      writeFileSync(path, 'three\n');
    };
    assert.deepEqual((await following(path, undefined, 'three', remove)).got, ['one', 'two', 'three']);
    const { resume } = await readAll({ path: make([['', 'gone\n']]) });
    const { got, warnings } = await following(path, resume, 'three');
    assert.deepEqual(got, ['three']);
    assert.match(warnings.join(), /Not read either: access\.log\.2, access\.log\.1\.$/);
  });

  test('one that cannot be read may be the one that was begun with: an error, not a loss', async () => {
    const text = Array.from({ length: 2_000 }, (_, i) => `line ${i}\n`).join('');
    const packed = gzipSync(text);
    const { resume } = await readAll({ path: make([['', text]]) });
    const path = make([
      ['.1.gz', packed.subarray(0, packed.length >> 1)],
      ['', 'new\n'],
    ]);
    assertError(
      (await read({ path }, { follow: true, resume: resume! })).error,
      'input_unreadable',
      /\.1\.gz .* behind line 2000 .* move it/,
    );
    writeFileSync(`${path}.1.gz`, gzipSync(`${text}late\n`));
    assert.deepEqual((await following(path, resume, 'new')).got, ['late', 'new']);
    renameSync(`${path}.1.gz`, `${path}.gz`);
    assert.deepEqual((await following(path, resume, 'new')).got, ['late', 'new'], 'compressed under the very name');
  });

  test('of mixed names with one time, dates go up and numbers down', async () => {
    const names = ['-20261122', '.3', '-20261121', '.2'];
    const path = make(names.map((suffix) => [suffix, suffix] as const));
    for (const suffix of names) utimesSync(path + suffix, 1, 1);
    assert.deepEqual(
      (await rotatedFiles(path)).map((each) => each.path.slice(path.length)),
      ['.3', '.2', '-20261121', '-20261122'],
    );
  });
});
