import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { fakeSurface, serverOn } from '../../../test/server/fake-surface.ts';
import type { ServerLimits } from '../limits.ts';
import { createDecoder } from './decoder.ts';

async function open(t: TestContext, limits: Partial<ServerLimits> = {}) {
  const surface = fakeSurface();
  const server = await serverOn(t, surface, { limits });
  const url = await server.listen();
  const push = async (body: string | Buffer, headers: Record<string, string> = {}, path = 'raw') => {
    const answer = await fetch(`${url}/api/v1/events/${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-ndjson', ...headers },
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  };
  return { surface, push, port: Number(new URL(url).port) };
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

test('lines go to the log as they came, one CR before a line feed taken off', async (t) => {
  const { surface, push } = await open(t);
  const { status, body } = await push(Buffer.from('{"a":1e400}\r\n\n not json \xff\r\r\nlast', 'latin1'), {}, 'raw?partition=1');
  assert.equal(status, 202);
  assert.deepEqual(body, { topic: 'raw', partition: 1, records: 4, first_offset: 100 });
  assert.deepEqual(surface.appended, [{ partition: 1, records: ['{"a":1e400}', '', ' not json \xff\r', 'last'] }]);
});

test('a byte order mark before a body is no part of its first event', async (t) => {
  const { surface, push } = await open(t);
  const marked = (body: string): Buffer => Buffer.from(`\uFEFF${body}`);
  assert.equal((await push(marked('{"n":1}\r\n\uFEFFa\n'))).status, 202);
  assert.equal((await push(gzipSync(marked('{"n":2}')), { 'content-encoding': 'gzip' })).status, 202);
  assert.equal((await push(marked('[{"n":3},4]'), JSON_TYPE)).status, 202);
  assert.deepEqual(
    surface.appended.map(({ records }) => records),
    [['{"n":1}', Buffer.from('\uFEFFa').toString('latin1')], ['{"n":2}'], ['{"n":3}', '4']],
  );
  for (const headers of [{}, JSON_TYPE]) {
    const { status, body } = await push(marked(''), headers);
    assert.deepEqual([status, body['detail']], [400, 'found an empty body; expected at least one event']);
  }
});

test('a mark that does not stand before the first line stays with its line', async (t) => {
  const { surface, push } = await open(t);
  for (const body of [Buffer.from('\n\uFEFF{"n":1}\n'), Buffer.from('\xEF\n\xBB\xBF{"n":1}\n', 'latin1')])
    assert.equal((await push(body)).status, 202);
  assert.deepEqual(
    surface.appended.map(({ records }) => records),
    [
      ['', '\xEF\xBB\xBF{"n":1}'],
      ['\xEF', '\xBB\xBF{"n":1}'],
    ],
  );
});

test('elements of an array go there as their text', async (t) => {
  const { surface, push } = await open(t);
  assert.equal((await push('[{"n":1e400,"n": 0.10}, "x" ,\n[1 , 2]]', JSON_TYPE)).status, 202);
  assert.deepEqual(surface.appended[0]!.records, ['{"n":1e400,"n": 0.10}', '"x"', '[1 , 2]']);
});

test('compressed bodies, of several gzip members or zstd frames too', async (t) => {
  const { surface, push } = await open(t);
  assert.equal((await push(Buffer.concat([gzipSync('a\nb'), gzipSync('c\n')]), { 'content-encoding': 'gzip' })).status, 202);
  assert.equal((await push(zstdCompressSync('["d"]'), { ...JSON_TYPE, 'content-encoding': 'zstd' })).status, 202);
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const frames = [skippable, zstdCompressSync('e\nf'), zstdCompressSync(''), skippable, zstdCompressSync('g\n'), skippable];
  assert.equal((await push(Buffer.concat(frames), { 'content-encoding': 'zstd' })).status, 202);
  assert.deepEqual(surface.appended, [
    { partition: 0, records: ['a', 'bc'] },
    { partition: 0, records: ['"d"'] },
    { partition: 0, records: ['e', 'fg'] },
  ]);
});

test('members and frames are the same wherever the network cuts them', async () => {
  for (const [encoding, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    const body = Buffer.concat(['one ', 'two ', 'three'].map((part) => compress(part)));
    for (let cut = 0; cut <= body.length; cut++) {
      let out = '';
      const decoder = createDecoder(
        encoding,
        (piece) => (out += Buffer.from(piece).toString()),
        () => {},
      );
      for (const piece of [body.subarray(0, cut), body.subarray(cut)]) await decoder.write(piece);
      await decoder.end();
      decoder.close();
      assert.equal(out, 'one two three', `${encoding} cut at ${cut}`);
    }
  }
});

test('a body that is not what its header says is refused whole', async (t) => {
  const { surface, push } = await open(t);
  const gzip = gzipSync('a\n'.repeat(1_000));
  const zstd = zstdCompressSync('a\n');
  for (const [body, headers, detail] of [
    ['{"a":1}\n{"a":2}', JSON_TYPE, /not one event or a JSON array.*nothing more at byte 8/],
    ['[{"a":1},{"a":}]', JSON_TYPE, /a value at byte 14/],
    [Buffer.from('["\xff"]', 'latin1'), JSON_TYPE, /not UTF-8/],
    ['[]', JSON_TYPE, /without events/],
    ['', {}, /empty body/],
    ['plain', { 'content-encoding': 'gzip' }, /not the gzip/],
    [gzip.subarray(0, -5), { 'content-encoding': 'gzip' }, /not the gzip.*unexpected end/],
    [Buffer.concat([gzip, Buffer.from('garbage')]), { 'content-encoding': 'gzip' }, /gzip/],
    [zstd.subarray(0, -1), { 'content-encoding': 'zstd' }, /not the zstd/],
    [Buffer.concat([gzip, Buffer.alloc(9)]), { 'content-encoding': 'gzip' }, /not the gzip/],
    [Buffer.concat([zstd, Buffer.from('garbage')]), { 'content-encoding': 'zstd' }, /not the zstd.*in frame 2/],
    [Buffer.concat([zstd, zstd.subarray(0, -1)]), { 'content-encoding': 'zstd' }, /not the zstd.*in frame 2/],
  ] as const) {
    const answer = await push(body, headers);
    assert.equal(answer.status, 400, String(detail));
    assert.match(String(answer.body['detail']), detail);
  }
  assert.deepEqual(surface.appended, []);
});

test('types and encodings that are not known; topics and partitions that are not there', async (t) => {
  const { surface, push } = await open(t);
  for (const [headers, path, status, detail] of [
    [{ 'content-type': 'text/csv' }, 'raw', 415, /text\/csv; expected application\/x-ndjson/],
    [{ 'content-encoding': 'br' }, 'raw', 415, /Content-Encoding: br; expected gzip, zstd/],
    [{ 'content-encoding': 'gzip, gzip' }, 'raw', 415, /expected gzip, zstd/],
    [{}, 'rwa', 404, /did you mean raw/],
    [{}, 'ads.windows', 403, /written by pipeline ads/],
    [{}, 'raw?partition=2', 400, /expected 0 to 1/],
    [{}, 'raw?partition=x', 400, /partition/],
  ] as const) {
    const answer = await push('a', headers, path);
    assert.equal(answer.status, status, String(detail));
    assert.match(String(answer.body['detail']), detail);
  }
  assert.deepEqual(surface.appended, []);
});

test('size is bounded on the wire, decompressed, and in events: a bomb stops at the limit', async (t) => {
  const { surface, push } = await open(t, { wireBytes: 100_000, bodyBytes: 300_000, framesPerBody: 100, recordsPerBody: 1_000 });
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  assert.ok(bomb.length < 100_000);
  const before = process.memoryUsage.rss();
  for (const [body, headers, detail] of [
    ['x'.repeat(100_001), {}, /100001 bytes; at most 100000 bytes on the wire/],
    [bomb, { 'content-encoding': 'gzip' }, /more than 300000 bytes of events/],
    [zstdCompressSync(Buffer.alloc(64 << 20)), { 'content-encoding': 'zstd' }, /more than 300000 bytes of events/],
    [
      Buffer.concat(Array(40).fill(zstdCompressSync(Buffer.alloc(10_000)))),
      { 'content-encoding': 'zstd' },
      /more than 300000 bytes of events/,
    ],
    [Buffer.concat(Array(101).fill(zstdCompressSync(''))), { 'content-encoding': 'zstd' }, /more than 100 zstd frames/],
    ['\n'.repeat(1_001), {}, /more than 1000 events/],
    [`[${'1,'.repeat(1_000)}1]`, JSON_TYPE, /more than 1000 events/],
  ] as const) {
    const answer = await push(body, headers);
    assert.equal(answer.status, 413, String(detail));
    assert.match(String(answer.body['detail']), detail);
  }
  assert.ok(process.memoryUsage.rss() - before < 48 << 20, 'the bombs were not inflated');
  assert.equal((await push('\n'.repeat(1_000))).status, 202);
  assert.equal(surface.appended.length, 1);
});

test('a body without a stated length is bounded as well, and the answer arrives while it is still sent', async (t) => {
  const { port } = await open(t, { wireBytes: 1_000 });
  const socket = connect(port, '127.0.0.1');
  socket.write(
    'POST /api/v1/events/raw HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  for (let i = 0; i < 20; i++) socket.write(`400\r\n${'x'.repeat(1_024)}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
  socket.destroy();
});

test('a topic that is read too slowly is filled no further', async (t) => {
  const { surface, push } = await open(t, { backlogRecords: 10, backlogBytes: 1_000 });
  surface.backlog = 11;
  const { status, headers, body } = await push('a');
  assert.deepEqual([status, headers.get('retry-after')], [429, '1']);
  assert.match(String(body['detail']), /11 records of topic raw are not read yet/);
  surface.backlog = 10;
  surface.backlogBytes = 1_001;
  const large = await push('a');
  assert.deepEqual([large.status, large.headers.get('retry-after')], [429, '1']);
  assert.match(String(large.body['detail']), /1001 bytes of topic raw are not read yet; at most 1000/);
  surface.backlogBytes = 1_000;
  assert.equal((await push('a')).status, 202);
});

test('bodies held at a time are bounded over all requests, and let go afterwards', async (t) => {
  // Of two buffers of 64 KiB.
  const { port, push } = await open(t, { bodyBytesHeld: 150_000 });
  const slow = connect(port, '127.0.0.1');
  slow.write('POST /api/v1/events/raw HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ncontent-length: 90001\r\n\r\n');
  slow.write('x'.repeat(90_000));
  let answer = await push('y'.repeat(2_000));
  while (answer.status === 202) answer = await push('y'.repeat(2_000));
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '1']);
  slow.end('x');
  await once(slow, 'data');
  assert.equal((await push('y'.repeat(2_000))).status, 202);
});

test('a body is its request’s until it is appended: what is pushed meanwhile goes elsewhere', async (t) => {
  const { surface, push } = await open(t);
  const appends: { bytes: Uint8Array; done: () => void }[] = [];
  let wake = (): void => {};
  surface.pushTarget = async () => ({
    partitions: 1,
    backlog: async () => ({ records: 0, bytes: 0 }),
    append: async (_partition, { bytes }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      appends.push({ bytes, done: resolve });
      wake();
      await promise;
      return 0;
    },
  });
  const appending = async (count: number): Promise<void> => {
    while (appends.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  const first = push('a'.repeat(100_000));
  await appending(1);
  const second = push('b'.repeat(100_000));
  await appending(2);
  assert.deepEqual(
    appends.map(({ bytes }) => Buffer.from(bytes).toString()),
    ['a'.repeat(100_000), 'b'.repeat(100_000)],
  );
  for (const { done } of appends) done();
  assert.deepEqual([(await first).status, (await second).status], [202, 202]);
});

test('a client that dies in the middle appends nothing', async (t) => {
  const { surface, port, push } = await open(t);
  const socket = connect(port, '127.0.0.1');
  socket.write(
    'POST /api/v1/events/raw HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ncontent-length: 100\r\n\r\na\nb\n',
  );
  socket.end();
  await text(socket);
  assert.equal((await push('c')).status, 202);
  assert.deepEqual(surface.appended, [{ partition: 0, records: ['c'] }]);
});

test('an answer comes before the connection is closed, also where the log is away: what it had got by then may be there, and no more is', async (t) => {
  const { surface, push } = await open(t, { readMs: 100, answerMs: 200 });
  const usual = await surface.pushTarget('raw');
  const back = Promise.withResolvers<void>();
  const given: string[] = [];
  let [whileAsking, whileAppending] = [true, true];
  surface.pushTarget = async () => ({
    ...usual,
    async backlog() {
      if (whileAsking) await back.promise;
      return { records: 0, bytes: 0 };
    },
    async append(_partition, { bytes }) {
      given.push(Buffer.from(bytes).toString());
      if (whileAppending) await back.promise;
      return 0;
    },
  });
  const unasked = await push('never looked at');
  whileAsking = false;
  const unknown = await push('given, and not answered');
  for (const { status, headers } of [unasked, unknown]) assert.deepEqual([status, headers.get('retry-after')], [503, '5']);
  assert.match(String(unasked.body['detail']), /^the log has not answered within 100ms; nothing of the body was taken/);
  assert.match(String(unknown.body['detail']), /^the log has not answered within 200ms; whether it has the events is not known/);
  whileAppending = false;
  back.resolve();
  assert.equal((await push('sent again')).status, 202);
  assert.deepEqual(given, ['given, and not answered', 'sent again']);
});

test('a body that fills the connection while the log is away is answered too, before it is taken for one that is sent too slowly', async (t) => {
  const { surface, push } = await open(t, { readMs: 100, requestMs: 1_000, answerMs: 10_000, headersMs: 900 });
  const usual = surface.pushTarget;
  surface.pushTarget = () => new Promise(() => {});
  const large = 'x'.repeat(2_000_000);
  const { status, headers, body } = await push(large);
  assert.deepEqual([status, headers.get('retry-after')], [503, '5']);
  assert.match(String(body['detail']), /nothing of the body was taken: send it again/);
  surface.pushTarget = usual;
  assert.equal((await push(large)).status, 202);
});
