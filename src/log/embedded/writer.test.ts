import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { AppError } from '../../core/errors.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { openDatabase } from './database.ts';
import { createEmbeddedLog } from './embedded-log.ts';
import { createWriter, type Writer } from './writer.ts';
import type { UnitToWrite } from './writer-messages.ts';

function opened(t: TestContext): { writer: Writer; keys(): unknown[] } {
  const path = join(temporary(t), 'log.sqlite');
  const db = openDatabase(path, { readOnly: false });
  const writer = createWriter({ path, checkpointBytes: 1 << 20 });
  t.after(async () => {
    await writer.close();
    db.close();
  });
  const keys = db.prepare('SELECT key FROM state ORDER BY key');
  return { writer, keys: () => keys.all().map(({ key }) => key) };
}

const unit = (key: string, bytes: number): UnitToWrite => ({
  at: { piece: 0, at: 0 },
  appends: [],
  offsets: [],
  state: { keys: [key], bytes: Int32Array.of(bytes) },
});

test('orders are carried out one after the other, and what was handed over comes back', async (t) => {
  const { writer, keys } = opened(t);
  const answers = await Promise.all([
    writer.write([unit('a', 3)], [new Uint8Array(Buffer.from('one '))]),
    writer.ensure('t', { partitions: 2 }, 'id'),
    writer.write([unit('b', 0)], []),
  ]);
  assert.deepEqual(answers[0].outcomes, [{ written: { firstOffsets: [], appendTimes: [], storedBytes: [] } }]);
  assert.equal(Buffer.concat(answers[0].pieces).toString(), 'one ');
  assert.deepEqual(answers[1], { name: 't', id: 'id', partitions: 2 });
  assert.deepEqual(keys(), ['a', 'b']);
});

test('an error comes back as what it was', async (t) => {
  const { writer } = opened(t);
  await assert.rejects(writer.ensure('', { partitions: 2 }, 'id'), TypeError);
  await writer.ensure('t', { partitions: 2 }, 'id');
  await assert.rejects(writer.ensure('t', { partitions: 3 }, 'other'), { name: 'AppError', code: 'topic_conflict', retryable: false });
});

test('who cannot wait for the event loop holds its thread until all is carried out', async (t) => {
  const { writer, keys } = opened(t);
  const all = ['a', 'b', 'c'].map((key) => writer.write([unit(key, 0)], []));
  assert.deepEqual(keys(), []);
  writer.finish();
  assert.deepEqual(keys(), ['a', 'b', 'c']);
  await Promise.all(all);
  writer.finish();
});

test('a thread that cannot open the file any more says so, each time it is asked', async (t) => {
  const writer = createWriter({ path: join(temporary(t), 'none', 'log.sqlite'), checkpointBytes: 1 << 20 });
  for (let i = 0; i < 2; i++) await assert.rejects(writer.write([unit('a', 0)], []), { code: 'data_dir_unusable' });
  await writer.close();
});

test('once it is closed nothing is written', async (t) => {
  const { writer, keys } = opened(t);
  const first = writer.write([unit('a', 0)], []);
  const closed = writer.close();
  await assert.rejects(writer.write([unit('b', 0)], []), /the log is closed/);
  await Promise.all([first, closed]);
  assert.deepEqual(keys(), ['a']);
});

for (const [how, script, why] of [
  ['by a fault of its own', 'throw new Error("a fault")', /has ended: a fault\. Nothing committed is lost/],
  ['without a word', 'process.exit()', /has ended\. Nothing committed is lost/],
] as const) {
  test(`who waits for a thread that ends ${how} is told, and who asks later; it is closed all the same`, async (t) => {
    const told: AppError[] = [];
    const file = { path: join(temporary(t), 'log.sqlite'), checkpointBytes: 1 << 20 };
    const writer = createWriter({ ...file, onEnded: (error) => told.push(error) }, () => new Worker(script, { eval: true }));
    const orders = ['a', 'b'].map((key) => writer.write([unit(key, 0)], []));
    for (const order of orders) await assert.rejects(order, { code: 'thread_ended', message: why });
    await assert.rejects(writer.write([unit('c', 0)], []), { code: 'thread_ended' });
    assert.deepEqual([told.length, told[0]!.code], [1, 'thread_ended']);
    writer.finish();
    await writer.close();
  });
}

test('what a thread has answered before it ended is told as that', async (t) => {
  const script = `
    const { workerData: { port } } = require('node:worker_threads');
    port.on('message', ({ pieces }) => {
      port.postMessage({ value: { outcomes: [], pieces } });
      setImmediate(() => process.exit());
    });
  `;
  const file = { path: join(temporary(t), 'log.sqlite'), checkpointBytes: 1 << 20 };
  const writer = createWriter(file, (workerData) => new Worker(script, { eval: true, workerData, transferList: [workerData.port] }));
  const order = writer.write([unit('a', 0)], []);
  // So long nothing is heard of the answer, nor of the end.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  assert.deepEqual((await order).outcomes, []);
  await assert.rejects(writer.write([unit('b', 0)], []), { code: 'thread_ended' });
  await writer.close();
});

test('one that ends while it is closed keeps nobody waiting', async (t) => {
  const told: AppError[] = [];
  const file = { path: join(temporary(t), 'log.sqlite'), checkpointBytes: 1 << 20 };
  const writer = createWriter({ ...file, onEnded: (error) => told.push(error) }, () => new Worker('process.exit()', { eval: true }));
  const order = assert.rejects(writer.write([unit('a', 0)], []), /is closed/);
  await Promise.all([order, writer.close(), writer.close()]);
  assert.deepEqual(told, []);
});

test('where no thread can be started that is said, and it is tried again', async (t) => {
  const path = join(temporary(t), 'log.sqlite');
  let tries = 0;
  const writer = createWriter({ path, checkpointBytes: 1 << 20 }, () => {
    tries++;
    throw new Error('EAGAIN');
  });
  const message = `the thread that writes ${path} cannot be started: EAGAIN. Nothing committed is lost; try again.`;
  for (let i = 0; i < 2; i++) {
    await assert.rejects(writer.write([unit('a', 0)], []), { code: 'thread_ended', retryable: true, message });
  }
  assert.equal(tries, 2);
  await writer.close();
});

test('a process that ends of itself, or is told to, has written what was committed by then', async (t) => {
  for (const end of ['', 'process.exit()']) {
    const dir = temporary(t);
    const path = join(dir, 'log.sqlite');
    const script = join(dir, 'commits.mjs');
    writeFileSync(
      script,
      `
      import { createEmbeddedLog } from ${JSON.stringify(new URL('./embedded-log.ts', import.meta.url).href)};
      const log = createEmbeddedLog({ path: ${JSON.stringify(path)}, clock: { now: () => 1, elapsed: () => 1 } });
      process.on('exit', () => log.closeSync());
      for (let i = 0; i < 20; i++) void log.commit({ state: [['key ' + i, Buffer.alloc(100_000)]] });
      ${end}
    `,
    );
    const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', script], { timeout: 30_000 });
    assert.equal(status, 0, String(stderr));
    const log = createEmbeddedLog({ path, clock: { now: () => 1, elapsed: () => 1 }, readOnly: true });
    assert.equal((await log.state('key')).length, 20);
    await log.close();
  }
});

test('a log that is closed twice, or in the middle of closing, is closed once; what comes later is refused', async (t) => {
  for (const again of ['close', 'closeSync'] as const) {
    const path = join(temporary(t), 'log.sqlite');
    const log = createEmbeddedLog({ path, clock: { now: () => 1, elapsed: () => 1 } });
    const committed = log.commit({ state: [['a', Buffer.from('b')]] });
    const closed = log.close();
    const late = assert.rejects(log.commit({ state: [['c', Buffer.from('d')]] }), /the log is closed/);
    await Promise.all([log[again](), closed, committed, late]);
    assert.ok(!existsSync(`${path}-wal`), 'nobody has it open any more');
  }
});
