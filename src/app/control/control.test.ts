import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readlinkSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pipelineJsonSchema } from '../../config/json-schema-of-file.ts';
import { systemClock } from '../../core/clock.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { lockDataDir, openDataDir } from '../../log/embedded/data-dir.ts';
import { packRecords } from '../../log/batch.ts';
import { connectHolder, type Holder } from './holder.ts';
import { readNote, writeNote } from './note.ts';
import { startControl } from './server.ts';
import { writeLog } from './write-log.ts';
import { temporary } from '../../../test/support/temporary.ts';

const clock = systemClock;

function temporaryDir(t: TestContext): string {
  const dir = temporary(t);
  return dir;
}

/** A holder of the directory, as `run` is one. */
async function hold(t: TestContext, dir: string, limit: { maxBodyBytes?: number } = { maxBodyBytes: 100_000 }) {
  const { path, logPath } = openDataDir(dir, { create: true });
  const lock = lockDataDir(path);
  const log = createEmbeddedLog({ path: logPath, clock });
  await log.ensureTopic('t', { partitions: 2 });
  const control = await startControl({ dir: path, ...limit }, { log, status: () => ({ answer: 42 }) });
  let over = false;
  const end = async (): Promise<void> => {
    if (over) return;
    over = true;
    await control.stop();
    await log.close();
    lock.release();
  };
  t.after(end);
  return { log, end };
}

async function connected(dir: string): Promise<Holder> {
  const holder = await connectHolder(dir);
  assert.ok(holder);
  return holder;
}

function limitsOfFiles(): Readonly<Record<'max_record_bytes', { readonly maximum: number }>> {
  const { limits } = pipelineJsonSchema().properties as { limits: { properties: Record<'max_record_bytes', { maximum: number }> } };
  return limits.properties;
}

const records = (...values: string[]) => ({ topic: 't', partition: 1, ...packRecords(values) });

test('what is handed to the holder is in its log when the call returns', async (t) => {
  const dir = temporaryDir(t);
  const { log } = await hold(t, dir);
  const holder = await connected(dir);
  assert.deepEqual(await holder.commit({ appends: [records('a', 'b')] }), [0]);
  assert.deepEqual(await holder.commit({ appends: [records('c')], state: [['ingest/t/x', Buffer.from('here')]] }), [2]);
  assert.equal((await log.bounds('t', 1)).end, 3);
  assert.deepEqual(
    (await log.state('ingest/')).map(([key, value]) => [key, Buffer.from(value).toString()]),
    [['ingest/t/x', 'here']],
  );
  assert.equal((await holder.status())['answer'], 42);
  assert.equal((await holder.ensureTopic('new', { partitions: 3 })).partitions, 3);
});

test('the largest record that a pipeline file allows can be handed in', async (t) => {
  const dir = temporaryDir(t);
  const { log } = await hold(t, dir, {});
  const { maximum } = limitsOfFiles().max_record_bytes;
  const holder = await connected(dir);
  assert.deepEqual(
    await holder.commit({ appends: [{ topic: 't', partition: 1, ...packRecords([Buffer.alloc(maximum)], ['t/1/0']) }] }),
    [0],
  );
  assert.equal((await log.bounds('t', 1)).end, 1);
});

test('errors of the log come back as they were; state of the engine is not to be written from outside', async (t) => {
  const dir = temporaryDir(t);
  const { log } = await hold(t, dir);
  const holder = await connected(dir);
  await assert.rejects(holder.commit({ appends: [{ ...records('a'), topic: 'none' }] }), { name: 'AppError', code: 'topic_unknown' });
  await assert.rejects(holder.ensureTopic('t', { partitions: 7 }), { name: 'AppError', code: 'topic_conflict' });
  await assert.rejects(holder.commit({ appends: [records('a')], state: [['aggregate/p', Buffer.from('x')]] }), /not for other processes/);
  await assert.rejects(holder.commit({ appends: [records('x'.repeat(200_000))] }), { name: 'AppError' });
  assert.equal((await log.bounds('t', 1)).end, 0);
  assert.deepEqual(await holder.commit({ appends: [records('after all')] }), [0]);
});

test('the end does not wait for a client that stopped half way through its request', { timeout: 20_000 }, async (t) => {
  const dir = temporaryDir(t);
  const { end } = await hold(t, dir);
  const { socket: socketPath, token } = readNote(dir)!;
  const headers = { authorization: `Bearer ${token}`, 'content-length': 1_000 };
  const half = request({ socketPath, path: '/commit', method: 'POST', headers });
  const cut = new Promise((resolve) => half.on('error', resolve));
  half.write('half');
  await new Promise((resolve) => half.on('socket', (socket) => (socket.connecting ? socket.once('connect', resolve) : resolve(undefined))));
  await connected(dir).then((holder) => holder.status());
  const began = performance.now();
  await end();
  assert.ok(performance.now() - began < 10_000);
  await cut;
});

test('without the token nothing is answered', async (t) => {
  const dir = temporaryDir(t);
  await hold(t, dir);
  const { socket } = readNote(dir)!;
  for (const authorization of [undefined, 'Bearer ', 'Bearer wrong', 'Basic eDp5']) {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { ...(authorization !== undefined && { authorization }) };
      request({ socketPath: socket, path: '/status', headers }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    assert.equal(status, 401);
  }
});

test('note and socket are for this user alone, and gone afterwards', async (t) => {
  const dir = temporaryDir(t);
  const { end } = await hold(t, dir);
  assert.equal(statSync(join(dir, 'control.json')).mode & 0o777, 0o600);
  assert.equal(statSync(readNote(dir)!.socket).mode & 0o777, 0o600);
  await end();
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith('control')),
    [],
  );
  assert.equal(await connectHolder(dir), undefined);
});

test('what a killed holder left behind is no holder, and is in nobody’s way', async (t) => {
  const dir = temporaryDir(t);
  writeNote(dir, { socket: join(dir, 'control.sock'), token: 'x', pid: 1 });
  assert.equal(await connectHolder(dir), undefined);
  writeFileSync(join(dir, 'control.sock'), '');
  assert.equal(await connectHolder(dir), undefined);
  writeFileSync(join(dir, 'control.json'), '{"socket":');
  assert.equal(await connectHolder(dir), undefined);
  await hold(t, dir);
  await connected(dir);
});

test('a directory whose path is too long for a socket has it elsewhere', async (t) => {
  const dir = join(temporaryDir(t), 'd'.repeat(60), 'e'.repeat(60));
  mkdirSync(dir, { recursive: true });
  const { end } = await hold(t, dir);
  const { socket } = readNote(dir)!;
  assert.ok(!socket.startsWith(dir));
  assert.deepEqual(await (await connected(dir)).commit({ appends: [records('a')] }), [0]);
  await end();
  assert.throws(() => statSync(join(socket, '..')), { code: 'ENOENT' });
});

test('a writer uses the holder, goes on alone when it ends, and lets the next one in', async (t) => {
  const dir = temporaryDir(t);
  const first = await hold(t, dir);
  const writer = writeLog({ dir, create: false, idleMs: 1, waitMs: 5_000 }, { clock });
  t.after(() => writer.close());
  assert.deepEqual(await writer.commit({ appends: [records('through the holder')] }), [0]);
  await first.end();
  assert.deepEqual(await writer.commit({ appends: [records('alone')] }), [1]);
  // It has let go by the time that a writer who waits has got the lock.
  const second = writeLog({ dir, create: false, waitMs: 5_000 }, { clock });
  assert.deepEqual(await second.commit({ appends: [records('by another')] }), [2]);
  await second.close();
  const next = await hold(t, dir);
  assert.deepEqual(await writer.commit({ appends: [records('through the next holder')] }), [3]);
  assert.equal((await next.log.bounds('t', 1)).end, 4);
});

const DESCRIPTORS = '/proc/self/fd';

/** Empty: gone since it was listed, like the one that lists them. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

test(
  'a writer that lets go keeps nothing open',
  { skip: existsSync(DESCRIPTORS) ? false : 'open files are told by Linux alone' },
  async (t) => {
    const dir = temporaryDir(t);
    await (await hold(t, dir)).end();
    const real = realpathSync(dir);
    const opened = (): number => readdirSync(DESCRIPTORS).filter((name) => linkOf(join(DESCRIPTORS, name)).startsWith(real)).length;
    for (let times = 0; times < 3; times++) {
      const writer = writeLog({ dir, create: false, waitMs: 5_000 }, { clock });
      await writer.commit({ appends: [records('one')] });
      assert.ok(opened() > 0);
      await writer.close();
      assert.equal(opened(), 0);
    }
  },
);

test('a process that holds the lock and does not listen is waited for, not for ever', async (t) => {
  const dir = temporaryDir(t);
  const lock = lockDataDir(openDataDir(dir, { create: true }).path);
  t.after(() => lock.release());
  const writer = writeLog({ dir, create: false, waitMs: 0 }, { clock });
  await assert.rejects(writer.commit({ appends: [records('a')] }), { code: 'data_dir_locked' });
});
