/** What goes wrong for a user: each time one clear message, exit code 2, and nothing lost. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync, zstdCompressSync } from 'node:zlib';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { checkDeadLetters, checkOutcomes, checkSummary, checkWindows, SAMPLE } from './sample-checks.ts';
import type { Ended } from '../support/in-process.ts';
import { temporary } from '../support/temporary.ts';
import { ndjson, output, ROOT, smallDisk, start, startFor, tocsin, until, type StartOptions } from './tocsin.ts';

const ADTECH = path.join(ROOT, 'pipelines/adtech.yml');
const skip = sampleMissing;
const isRoot = process.getuid?.() === 0;
/** Nobody in particular: a user without any rights. */
const NOBODY = 65_534;

/** Exit code 2, a message that says what is asked for, no stack trace and nothing on standard output. */
function assertRefused({ code, stdout, stderr }: Ended, ...messages: readonly RegExp[]): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  for (const message of messages) assert.match(stderr, message);
  assert.match(stderr, /^tocsin: /);
  assert.doesNotMatch(stderr, /^\s+at /m);
  assert.doesNotMatch(stderr, /a fault in Tocsin itself/);
}

async function assertRefusal(args: readonly string[], message: RegExp, options?: StartOptions): Promise<void> {
  assertRefused(await tocsin(args, options), message);
}

function once(data: string, input: string, ...more: readonly string[]): string[] {
  return ['run', ADTECH, '--once', '--json', '--olap-store', 'none', '--data', data, '--input', input, ...more];
}

interface Summary {
  readonly events: Readonly<Record<'read' | 'accepted' | 'duplicate' | 'late' | 'invalid' | 'ignored', number>>;
}

async function eventsOf(args: readonly string[]): Promise<Summary['events']> {
  return (JSON.parse(await output(args)) as Summary).events;
}

test('a wrong pipeline file: every fault with its line and column', async (t) => {
  const dir = temporary(t);
  const file = path.join(dir, 'wrong.yml');
  writeFileSync(
    file,
    'pipeline: shop\nsource: { topic: orders }\nevent: { time: at, dedup: 10 }\nmeasures:\n  n: { count: events }\nwindow: [1m]\nwindows: [90x]\n',
  );
  const { ended } = start(['run', file, '--data', path.join(dir, 'data')]);
  assertRefused(await ended, /wrong\.yml:3:27: /, /wrong\.yml:6:1: found "window".*did you mean "windows"\?/, /wrong\.yml:7:11: /);
  assert.deepEqual(readdirSync(dir), ['wrong.yml'], 'a data directory was made all the same');
});

test('files, topics and pipelines that are not there', { skip }, async (t) => {
  const dir = temporary(t);
  const data = path.join(dir, 'data');
  await assertRefusal(['run', path.join(dir, 'nothing.yml'), '--data', data], /nothing\.yml: cannot read a pipeline file: no such file/);
  await assertRefusal(once(data, path.join(dir, 'nothing.ndjson')), /nothing\.ndjson cannot be read: there is no such file/);
  await assertRefusal(once(data, dir), /it is a directory/);
  await assertRefusal(['ingest', SAMPLE, '--topic', 'nothing', '--data', data], /no topic "nothing" in the log \(there are ad-events/);
  await assertRefusal(['log', 'tail', 'nothing', '--data', data], /no topic "nothing"/);
  await assertRefusal(['windows', '--pipeline', 'nothing', '--data', data], /no pipeline "nothing".*expected one of: adtech/);
  await assertRefusal(['windows', '--data', path.join(dir, 'nowhere')], /nowhere: it does not exist/);
  await assertRefusal(['windows', '--window', '7m', '--data', data], /no window "7m"; expected one of: 1m, 5m/);
  // None of it has spoilt the directory.
  checkSummary(await output(once(data, SAMPLE)));
});

test('a data directory that cannot be one', { skip }, async (t) => {
  const dir = temporary(t);
  const file = path.join(dir, 'a-file');
  writeFileSync(file, 'not a directory');
  await assertRefusal(once(file, SAMPLE), /a-file: .*is a file.* Choose another one with --data/);
  await assertRefusal(once(path.join(file, 'below'), SAMPLE), /is a file/);
  assert.equal(readFileSync(file, 'utf8'), 'not a directory');
  const mine = path.join(dir, 'mine');
  mkdirSync(mine, { mode: 0o555 });
  // All but the right to write: root, who may write everywhere, is somebody else for this.
  chmodSync(dir, 0o755);
  const asNobody = isRoot ? { uid: NOBODY } : {};
  await assertRefusal(once(mine, SAMPLE), /mine: no permission/, asNobody);
  await assertRefusal(once(path.join(mine, 'below'), SAMPLE), /below: no permission/, asNobody);
  await assertRefusal(
    once(path.join(dir, 'data'), SAMPLE, '--outcomes', path.join(dir, 'no', 'outcomes')),
    /outcomes: its folder does not exist/,
  );
});

test('a disk that is full, and then has room again', { skip }, async (t) => {
  const disk = smallDisk(t, '24m');
  if (disk === undefined) {
    t.skip('needs the right to mount a small file system');
    return;
  }
  const [data, outcomes, ballast] = [path.join(disk, 'data'), path.join(disk, 'outcomes'), path.join(disk, 'ballast')];
  const command = once(data, SAMPLE, '--outcomes', outcomes, '--batch-records', '50', '--commit-every-ms', '0');
  fill(ballast);
  assertRefused(await tocsin(command), /full/);
  // Enough for the log to be made, and for some of the sample.
  for (const room of [400_000, 1_000_000, 2_000_000]) {
    truncateSync(ballast, statSync(ballast).size - room);
    assertRefused(await tocsin(command), /full.* free some space/);
  }
  const before = ndjson(await output(['status', '--data', data, '--json']))[0] as { pipelines: { events: { read: number } }[] };
  const { read } = before.pipelines[0]!.events;
  t.diagnostic(`${read} lines were committed when the disk was full`);
  assert.ok(read > 0 && read < 5021);
  rmSync(ballast);
  checkSummary(await output(command));
  checkOutcomes(outcomes);
  await checkWindows(data);
  await checkDeadLetters(data);
});

/** A file as large as the disk has room. */
function fill(file: string): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(65_536), { flag: 'a' });
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

test('a Node.js that is too old or missing', async (t) => {
  const dir = temporary(t);
  const bin = path.join(dir, 'bin/tocsin');
  mkdirSync(path.dirname(bin));
  copyFileSync(path.join(ROOT, 'bin/tocsin'), bin);
  await assertRefusal(['--version'], /not installed in .*: run `make setup` there/, { bin });
  mkdirSync(path.join(dir, 'node_modules/.bin'), { recursive: true });
  mkdirSync(path.join(dir, 'node_modules/node'));
  writeFileSync(path.join(dir, 'node_modules/.bin/node'), '#!/bin/sh\necho v20.19.0\n', { mode: 0o755 });
  writeFileSync(path.join(dir, 'node_modules/node/package.json'), '{\n  "name": "node",\n  "version": "20.19.0"\n}\n');
  await assertRefusal(['--version'], /is not Node\.js 24 \(found v20\.19\.0\): run `make setup`/, { bin });
  // Another Node.js on the PATH is in nobody's way.
  assert.match(
    await output(['--version'], { env: { PATH: `${path.join(dir, 'node_modules/.bin')}:${process.env['PATH']}` } }),
    /^\d+\.\d+/,
  );
});

test('an input that is not the one begun with, and one that is cut off', { skip }, async (t) => {
  const dir = temporary(t);
  const [data, outcomes] = [path.join(dir, 'data'), path.join(dir, 'outcomes')];
  const cut = path.join(dir, 'cut.gz');
  writeFileSync(cut, readFileSync(SAMPLE).subarray(0, 120_000));
  assertRefused(
    await tocsin(once(data, cut, '--outcomes', outcomes)),
    /cut\.gz cannot be read: the gzip data ends in its middle/,
    /gzip -t/,
  );
  const counted = ndjson(readFileSync(outcomes, 'utf8')).length;
  const whole = gunzipSync(readFileSync(SAMPLE));
  assert.equal(counted, completeLines(cut), 'every complete line before the end is counted');

  const other = path.join(dir, 'other.ndjson');
  writeFileSync(other, '{"event_id":"another file"}\n'.repeat(100_000));
  assertRefused(await tocsin(once(data, other)), /other\.ndjson is not the input that was begun with/, /--data DIR/);
  const changed = path.join(dir, 'changed.ndjson');
  const bytes = Buffer.from(whole);
  bytes[1_000] = bytes[1_000]! ^ 1;
  writeFileSync(changed, bytes);
  assertRefused(await tocsin(once(data, changed)), /changed\.ndjson is not the input that was begun with/);

  checkSummary(await output(once(data, SAMPLE, '--outcomes', outcomes)));
  checkOutcomes(outcomes);
  await checkWindows(data);
});

/** Of what gzip gives before it finds the data cut off. */
function completeLines(file: string): number {
  const bytes = gunzipSync(readFileSync(file), { finishFlush: 2 });
  return bytes.reduce((count, byte) => count + Number(byte === 10), 0);
}

test('a pipeline file that changed: refused, until it is said what is to be done', { skip }, async (t) => {
  const dir = temporary(t);
  const data = path.join(dir, 'data');
  const file = path.join(dir, 'adtech.yml');
  copyFileSync(path.join(ROOT, 'pipelines/ad-event.v1.json'), path.join(dir, 'ad-event.v1.json'));
  copyFileSync(ADTECH, file);
  const run = (...more: string[]): string[] => once(data, SAMPLE, ...more).with(1, file);
  checkSummary(await output(run()));
  const before = await output(['windows', '--data', data, '--json']);
  // Another hint changes no window.
  writeFileSync(file, readFileSync(ADTECH, 'utf8').replace('A wrong bid price', 'A bid price that is wrong'));
  checkSummary(await output(run()));
  writeFileSync(file, readFileSync(ADTECH, 'utf8').replace('out_of_orderness: 5s', 'out_of_orderness: 10s'));
  const ended = await tocsin(run());
  assertRefused(ended, /the file now computes other windows/, /--new-revision/, /--from earliest/);
  assert.equal(await output(['windows', '--data', data, '--json']), before);

  assert.equal((await eventsOf(run('--new-revision'))).read, 5021);
  assert.equal(await output(['windows', '--data', data, '--json']), before, 'windows that were there are left as they are');
  const anew = await eventsOf(run('--from', 'earliest'));
  assert.equal(anew.read, 5021);
  assert.ok(anew.late < 83, 'with a longer wait less is late');
  assert.notEqual(await output(['windows', '--data', data, '--json']), before);
  assert.deepEqual(await eventsOf(run()), anew, 'and then goes on without being asked');
});

test('any bytes: every line has an outcome, and the run ends well', async (t) => {
  const dir = temporary(t);
  const noise = randomBytes(1_000_000);
  const inputs: readonly [name: string, bytes: Uint8Array, lines: number][] = [
    ['noise', noise, noise.reduce((count, byte) => count + Number(byte === 10), 0) + Number(noise.at(-1) !== 10)],
    ['one-line', noise.map((byte) => (byte === 10 ? 11 : byte)), 1],
    ['empty', new Uint8Array(), 0],
    ['line-feeds', new Uint8Array(100_000).fill(10), 100_000],
    ['bomb.zst', zstdCompressSync(Buffer.alloc(200_000_000, 'a')), 1],
    ['frames.zst', Buffer.concat([zstdCompressSync(Buffer.from('a\nb')), zstdCompressSync(Buffer.from('c\n'))]), 2],
  ];
  for (const [name, bytes, lines] of inputs) {
    const input = path.join(dir, name);
    writeFileSync(input, bytes);
    const data = path.join(dir, `data-${name}`);
    const outcomes = path.join(dir, `outcomes-${name}`);
    const { read, accepted, duplicate, late, invalid, ignored } = await eventsOf(once(data, input, '--outcomes', outcomes));
    assert.equal(read, lines, name);
    assert.equal(accepted + duplicate + late + invalid + ignored, lines, name);
    assert.deepEqual(
      ndjson<{ line: number }>(readFileSync(outcomes, 'utf8')).map(({ line }) => line),
      Array.from({ length: lines }, (_, i) => i + 1),
      name,
    );
    const letters = (await output(['dlq', 'list', '--data', data, '--json'])).split('\n').length - 1;
    assert.equal(letters, invalid + late, name);
  }
  const { code, stderr } = await start(once(path.join(dir, 'piped'), '-'), { input: noise }).ended;
  assert.equal(code, 0, stderr);
});

test('beside a live run: a second one is refused, readers read on; killed, it leaves nothing in the way', { skip }, async (t) => {
  const dir = temporary(t);
  const data = path.join(dir, 'data');
  const live = ['run', ADTECH, '--data', data, '--olap-store', 'none'];
  const run = startFor(t, live);
  await until('the run', () => run.stderr().includes('Ctrl-C ends it'));
  assertRefused(await start(live).ended, /another Tocsin process/i, new RegExp(`${run.child.pid}`));
  await output(['ingest', SAMPLE, '--topic', 'ad-events', '--data', data, '--quiet']);

  const readers: readonly (readonly string[])[] = [
    ['windows', '--json'],
    ['alerts', '--json'],
    ['dlq', 'list', '--json'],
    ['status', '--json'],
    ['log', 'list', '--json'],
    ['log', 'tail', 'adtech.windows', '--from-beginning', '--max', '20'],
  ];
  const readAll = (): Promise<string[]> => Promise.all(readers.map((args) => output([...args, '--data', data])));
  await readAll();
  const read = async (): Promise<number> => {
    const [status] = ndjson<{ pipelines: { events: { read: number } }[] }>(await output(['status', '--data', data, '--json']));
    return status!.pipelines[0]!.events.read;
  };
  await until('all lines', async () => (await read()) === 5021);
  const [windows, , letters] = await readAll();
  assert.ok(windows!.length > 0 && letters!.length > 0);

  assert.equal((await run.stop('SIGKILL')).signal, 'SIGKILL');
  const [windowsAfter, , lettersAfter, status] = await readAll();
  assert.equal(windowsAfter, windows);
  assert.equal(lettersAfter, letters);
  assert.equal(JSON.parse(status!).holder, null);

  const again = startFor(t, live);
  await until('the next run', () => again.stderr().includes('Ctrl-C ends it'));
  assert.equal(await read(), 5021);
  const ended = await again.stop('SIGTERM');
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(
    readdirSync(data).filter((name) => /control|-wal|-shm|\.new$/.test(name)),
    [],
  );
});
