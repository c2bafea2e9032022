import assert from 'node:assert/strict';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { withReading } from '../readers/reading.ts';
import { tail } from '../readers/topics.ts';
import { ingest, type IngestOptions } from './ingest.ts';
import { writeLog } from './write-log.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { until } from '../../../test/support/until.ts';

const clock = systemClock;

function setUp(t: TestContext) {
  const dir = temporary(t);
  const data = join(dir, 'data');
  const run = (path: string, more: Partial<IngestOptions> = {}) =>
    ingest(
      { data, input: { path: join(dir, path) }, topic: 't', newPartitions: 1, again: false, follow: false, ...more },
      { clock, logger: silentLogger, onProgress: () => {} },
    );
  const inTopic = (topic = 't') =>
    withReading(data, clock, async ({ log }) => {
      const values: (string | null)[] = [];
      for await (const { value } of tail(log, { topic, fromBeginning: true, follow: false })) values.push(value);
      return values;
    });
  return { dir, data, run, inTopic, write: (name: string, content: string | Uint8Array) => writeFileSync(join(dir, name), content) };
}

test('a file given again adds only what is new in it', async (t) => {
  const { dir, run, inTopic, write } = setUp(t);
  write('a', 'one\ntwo\n');
  assert.deepEqual(await run('a'), { lines: 2, bytes: 6, skippedLines: 0, interrupted: false });
  assert.deepEqual(await run('a'), { lines: 0, bytes: 0, skippedLines: 2, interrupted: false });
  appendFileSync(join(dir, 'a'), 'three\n');
  assert.deepEqual(await run('a'), { lines: 1, bytes: 5, skippedLines: 2, interrupted: false });
  assert.deepEqual(await run('a'), { lines: 0, bytes: 0, skippedLines: 3, interrupted: false });
  assert.deepEqual(await inTopic(), ['one', 'two', 'three']);
});

test('it is the content that is known: under another name or compressed it is the same file, in another topic it is new', async (t) => {
  const { run, inTopic, write } = setUp(t);
  const content = Array.from({ length: 5_000 }, (_, i) => `line ${i} of a file longer than its fingerprint\n`).join('');
  write('plain', content);
  write('zipped.gz', gzipSync(`${content}more\n`));
  assert.equal((await run('plain')).lines, 5_000);
  assert.deepEqual(await run('zipped.gz'), { lines: 1, bytes: 4, skippedLines: 5_000, interrupted: false });
  assert.equal((await inTopic()).length, 5_001);
  assert.equal((await run('plain', { topic: 'other' })).lines, 5_000);
});

test('a followed file that is rotated, and was while nobody followed it: every line once, and the old one is known under its new name', async (t) => {
  const { dir, data, run, inTopic, write } = setUp(t);
  const follow = async (path: string, lines: number) => {
    const stop = new AbortController();
    const onProgress = (progress: { lines: number }): void => void (progress.lines === lines && stop.abort());
    const options = {
      data,
      input: { path: join(dir, path) },
      topic: 't',
      newPartitions: 1,
      again: false,
      follow: true,
      signal: stop.signal,
    };
    return ingest(options, { clock, logger: silentLogger, onProgress });
  };
  write('a', 'one\ntwo\n');
  await follow('a', 2);
  appendFileSync(join(dir, 'a'), 'three\n');
  renameSync(join(dir, 'a'), join(dir, 'a.1'));
  write('a', 'four\n');
  assert.deepEqual(await follow('a', 2), { lines: 2, bytes: 9, skippedLines: 0, interrupted: true });
  assert.deepEqual(await inTopic(), ['one', 'two', 'three', 'four']);
  assert.equal((await run('a.1')).skippedLines, 3);
  assert.equal((await run('a')).skippedLines, 1);
});

test('lines that are left in the file before are told, with the command that reads them', async (t) => {
  const { dir, data, run, inTopic, write } = setUp(t);
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  const again = async () => {
    const options = { data, input: { path: join(dir, 'a') }, topic: 't', again: false, follow: false };
    await ingest(options, { clock, logger, onProgress: () => {} });
    return warnings.splice(0).join();
  };
  write('a', 'one\n');
  await run('a');
  appendFileSync(join(dir, 'a'), 'two\n');
  renameSync(join(dir, 'a'), join(dir, 'a.1'));
  write('a', 'three\n');
  const told = /a\.1 has lines behind line 1 that were not read: tocsin ingest \S+a\.1 --topic t$/;
  assert.match(await again(), told);
  assert.match(await again(), told, 'also where the new one is known by now');
  await run('a.1');
  assert.equal(await again(), '');
  assert.deepEqual(await inTopic(), ['one', 'three', 'two']);
});

test('following may begin while there is nothing at the path: the position is kept all the same', async (t) => {
  const { dir, run, inTopic, write } = setUp(t);
  write('a', 'one\n');
  await run('a');
  appendFileSync(join(dir, 'a'), 'two\n');
  renameSync(join(dir, 'a'), join(dir, 'a.1'));
  const stop = new AbortController();
  const ended = run('a', { follow: true, signal: stop.signal });
  await until(async () => (await inTopic()).length === 2);
  stop.abort();
  await ended;
  assert.deepEqual(await inTopic(), ['one', 'two']);
  assert.equal((await run('a.1')).skippedLines, 2);
});

test('another file is new; --again appends all of a known one', async (t) => {
  const { run, inTopic, write } = setUp(t);
  write('a', 'one\n');
  write('b', 'two\n');
  await run('a');
  assert.equal((await run('b')).lines, 1);
  assert.equal((await run('a', { again: true })).lines, 1);
  assert.deepEqual(await inTopic(), ['one', 'two', 'one']);
});

test('a known beginning that goes on otherwise is an error that names the way out', async (t) => {
  const { run, write } = setUp(t);
  const head = 'x'.repeat(99).concat('\n').repeat(1_000);
  write('a', `${head}old end\n`);
  await run('a');
  write('a', `${head}new end\nand more\n`);
  await assert.rejects(run('a'), (error: Error & { code: string }) => error.code === 'input_changed' && error.message.includes('--again'));
});

test('topic and partition are checked before anything is read', async (t) => {
  const { run, write } = setUp(t);
  write('a', 'one\n');
  await run('a');
  await assert.rejects(ingest({ ...(await optionsOf(t)), topic: 'none' }, { clock, logger: silentLogger, onProgress: () => {} }), {
    code: 'data_dir_unusable',
  });
  await assert.rejects(run('a', { partition: 1 }), { code: 'topic_unknown' });
  await assert.rejects(run('a', { topic: 'other', partition: 1 }), { code: 'topic_unknown' });
  await assert.rejects(run('missing'), { code: 'input_unreadable' });
});

async function optionsOf(t: TestContext): Promise<IngestOptions> {
  const dir = temporary(t);
  return { data: join(dir, 'none'), input: { path: 'none' }, topic: 't', again: false, follow: false };
}

test('topics that the stages of a pipeline write take no lines, where its record is not at hand too', async (t) => {
  const { data, run, write } = setUp(t);
  write('a', 'one\n');
  const topics = ['shop.partials', 'shop.silences', 'shop.state', 'shop.snapshots.orders', 'shop.windows'];
  const log = writeLog({ dir: data, create: true }, { clock });
  for (const topic of topics) await log.ensureTopic(topic, { partitions: 1 });
  await log.close();
  for (const topic of topics)
    await assert.rejects(
      run('a', { topic }),
      { code: 'topic_conflict', message: /is written by pipeline shop, and .* what reads it\.$/ },
      topic,
    );
  assert.equal((await run('a', { topic: 'shop.orders' })).lines, 1);
});

test('a stream is live: a line is in the log before the next one comes', async (t) => {
  const { inTopic, data } = setUp(t);
  const stream = new PassThrough();
  const seen: number[] = [];
  let next: (() => void) | undefined;
  const running = ingest(
    { data, input: { stream, name: 'a stream' }, topic: 't', newPartitions: 1, again: false, follow: false },
    {
      clock,
      logger: silentLogger,
      onProgress: ({ lines }) => {
        seen.push(lines);
        next?.();
      },
    },
  );
  for (const [i, text] of ['one\n', 'two\n'].entries()) {
    const committed = new Promise<void>((resolve) => (next = resolve));
    stream.write(text);
    await committed;
    assert.equal((await inTopic()).length, i + 1);
  }
  stream.end('three');
  assert.equal((await running).lines, 3);
  assert.deepEqual(await inTopic(), ['one', 'two', 'three']);
  assert.deepEqual(seen, [1, 2, 3]);
});
