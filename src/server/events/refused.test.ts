/** A refused body's connection: the answer comes at once, what is still sent is dropped, the next request finds it as new. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { fakeSurface, serverOn } from '../../../test/server/fake-surface.ts';
import type { ServerLimits } from '../limits.ts';

const LIMITS = { wireBytes: 200_000, bodyBytes: 300_000, framesPerBody: 100, restMs: 60_000 };

interface Caller {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  /** Resolves once so many answers have come, to their statuses. */
  statuses(count: number): Promise<number[]>;
}

async function open(t: TestContext, limits: Partial<ServerLimits> = {}) {
  const surface = fakeSurface();
  const server = await serverOn(t, surface, { limits: { ...LIMITS, ...limits } });
  const port = Number(new URL(await server.listen()).port);
  const dial = (): Caller => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    let wake = (): void => {};
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      wake();
    });
    const closed = new Promise((resolve) => socket.once('close', resolve)).then(() => wake());
    t.after(() => socket.destroy());
    return {
      socket,
      closed,
      async statuses(count) {
        for (;;) {
          const found = [...received.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));
          if (found.length >= count) return found;
          if (socket.destroyed) throw new Error(`closed after ${JSON.stringify(received)}`);
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
    };
  };
  return { surface, dial };
}

const head = (length: number | 'chunked', encoding: string, type = 'application/x-ndjson'): string =>
  `POST /api/v1/events/raw HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-encoding: ${encoding}\r\n` +
  `${length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`}\r\n\r\n`;
const NEXT = Buffer.concat([Buffer.from(head(4, 'identity')), Buffer.from('next')]);
const chunk = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

/** Bytes that do not get smaller. */
function noise(length: number): Buffer {
  let seed = 1;
  return Buffer.from(Uint8Array.from({ length }, () => (seed = (seed * 48_271) % 2_147_483_647) >> 7));
}

/** What is refused after its first part, and the rest of it. */
const refused = [
  { encoding: 'gzip', compress: gzipSync },
  { encoding: 'zstd', compress: zstdCompressSync },
].flatMap(({ encoding, compress }) => {
  const bomb = compress(Buffer.alloc(64 << 20));
  const large = compress(noise(250_000));
  const stated = (name: string, status: number, body: Buffer, cut: number) => ({
    name: `${encoding}: ${name}`,
    status,
    first: Buffer.concat([Buffer.from(head(body.length, encoding)), body.subarray(0, cut)]),
    rest: body.subarray(cut),
  });
  return [
    stated('a bomb', 413, bomb, bomb.length >> 1),
    stated('garbage', 400, noise(150_000), 1_000),
    stated('garbage after whole data', 400, Buffer.concat([compress('a\n'), noise(150_000)]), 1_000),
    stated('too many bytes, stated', 413, large, 0),
    {
      name: `${encoding}: too many bytes, chunked`,
      status: 413,
      first: Buffer.concat([
        Buffer.from(head('chunked', encoding)),
        chunk(large.subarray(0, 120_000)),
        chunk(large.subarray(120_000, 220_000)),
      ]),
      rest: Buffer.concat([chunk(large.subarray(220_000)), Buffer.from('0\r\n\r\n')]),
    },
  ];
});
const early = {
  name: 'another type',
  status: 415,
  first: Buffer.from(head(150_000, 'identity', 'text/csv')),
  rest: noise(150_000),
};

for (const { name, status, first, rest } of [...refused, early]) {
  test(`${name}: answered before the rest is sent, and the connection goes on`, async (t) => {
    const { surface, dial } = await open(t);
    const { socket, statuses } = dial();
    socket.write(first);
    assert.deepEqual(await statuses(1), [status]);
    for (let at = 0; at < rest.length; at += 20_000) {
      socket.write(rest.subarray(at, at + 20_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write(NEXT);
    assert.deepEqual(await statuses(2), [status, 202]);
    // Sent without a look at the answer, the next request right behind it.
    const blind = dial();
    for (const bytes of [first, rest, NEXT]) blind.socket.write(bytes);
    assert.deepEqual(await blind.statuses(2), [status, 202]);
    assert.deepEqual(
      surface.appended.map(({ records }) => records),
      [['next'], ['next']],
    );
  });
}

test('who sends the rest slowly, or never, is cut off after a time', async (t) => {
  const { dial } = await open(t, { restMs: 150 });
  for (const first of [Buffer.concat([Buffer.from(head(150_000, 'gzip')), noise(1_000)]), early.first]) {
    const silent = dial();
    silent.socket.write(first);
    const slow = dial();
    slow.socket.write(first);
    const sending = setInterval(() => slow.socket.write('x'), 5);
    t.after(() => clearInterval(sending));
    assert.match(String(await silent.statuses(1)), /400|415/);
    assert.match(String(await slow.statuses(1)), /400|415/);
    await Promise.all([silent.closed, slow.closed]);
    assert.equal((await slow.statuses(1)).length, 1);
  }
});

test('who sends too much of it is cut off too', async (t) => {
  const { dial } = await open(t, { restBytes: 1 << 20 });
  const { socket, statuses, closed } = dial();
  socket.write(head('chunked', 'gzip'));
  socket.write(chunk(noise(1_000)));
  assert.deepEqual(await statuses(1), [400]);
  const piece = chunk(Buffer.alloc(100_000));
  for (let i = 0; i < 100 && !socket.destroyed; i++) {
    if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
  }
  await closed;
  assert.ok(socket.bytesWritten < 10_000_000);
});
