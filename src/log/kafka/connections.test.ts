/** Whatever a broker does instead of answering, who asks is told; and it is not asked again and again while another one would answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { createAPI, heartbeatV4, Writer } from './client.ts';
import { createConnections, type Connections } from './connections.ts';
import { createPersist } from './persist.ts';
import type { KafkaConfig } from './url.ts';

const API = { heartbeat: 12, handshake: 17, versions: 18, login: 36 } as const;
const SASL = { mechanism: 'PLAIN', username: 'u', password: 'p' } as const;
/** The client renews it at once. */
const SHORT_SESSION_MS = 2;

/** What a broker says to a request, after its number. */
function bodyOf(key: number, sessionMs: number): Writer {
  const answer = Writer.create();
  if (key === API.versions) {
    const range = (w: Writer, each: number): void => void w.appendInt16(each).appendInt16(0).appendInt16(2);
    return answer.appendInt16(0).appendArray([API.login], range, false, false).appendInt32(0);
  }
  if (key === API.handshake)
    return answer.appendInt16(0).appendArray(['PLAIN'], (w, each) => void w.appendString(each, false), false, false);
  if (key === API.login)
    return answer.appendInt8(0).appendInt16(0).appendString(null).appendBytes(Buffer.alloc(0)).appendInt64(BigInt(sessionMs)).appendInt8(0);
  return answer.appendInt8(0).appendInt32(0).appendInt16(0).appendInt8(0);
}

interface Asked {
  readonly socket: Socket;
  readonly key: number;
  /** How many of this kind came before, on all connections. */
  readonly before: number;
  readonly answer: Buffer;
}

/** A port where `say` answers requests, or does something else. */
async function broker(t: TestContext, say: (asked: Asked) => void, sessionMs = 0): Promise<{ host: string; port: number }> {
  const sockets = new Set<Socket>();
  const counts = new Map<number, number>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let rest = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (let size; rest.length >= 4 && rest.length >= (size = 4 + rest.readInt32BE()); rest = rest.subarray(size)) {
        const key = rest.readInt16BE(4);
        const before = counts.get(key) ?? 0;
        counts.set(key, before + 1);
        const answer = Writer.create().appendInt32(rest.readInt32BE(8)).appendFrom(bodyOf(key, sessionMs)).prependLength().buffer;
        say({ socket, key, before, answer });
      }
    });
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function connect(
  t: TestContext,
  brokers: KafkaConfig['brokers'],
  {
    timeoutMs = 200,
    closing = new AbortController(),
    ...more
  }: Partial<KafkaConfig> & { timeoutMs?: number; closing?: AbortController } = {},
): Connections {
  t.after(() => closing.abort());
  return createConnections({ brokers, shown: 'kafka://test', ...more }, closing.signal, { connect: timeoutMs, request: timeoutMs });
}

async function heartbeat(connections: Connections): Promise<unknown> {
  return heartbeatV4.api.async(await connections.get('any', 'test'), 'g', 1, 'm', null);
}

/** As everybody asks who may wait. */
const persist = createPersist('kafka://test', { clock: systemClock, logger: silentLogger, signal: new AbortController().signal });

const FAULTS: Readonly<Record<string, (asked: Asked) => void>> = {
  'says nothing': () => {},
  'resets the connection': ({ socket }) => socket.resetAndDestroy(),
  'hangs up': ({ socket }) => socket.destroy(),
  'says that it will say nothing more, and stays': ({ socket }) => socket.end(),
  'stops in the middle of an answer': ({ socket, answer }) => socket.write(answer.subarray(0, answer.length - 1)),
  'hangs up in the middle of an answer': ({ socket, answer }) => socket.end(answer.subarray(0, 5)),
  'answers with less than an answer can have': ({ socket }) => socket.write(Buffer.from([0, 0, 0, 1, 0])),
  'answers what was not asked': ({ socket, answer }) => socket.write(Buffer.from(answer).fill(1, 4, 8)),
};

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`a broker that ${name}, at the login or later: who asks is told, and the next connection serves`, { timeout: 20_000 }, async (t) => {
    const cases = Object.values(API).map(async (when) => {
      const at = await broker(t, (asked) => (asked.key === when && asked.before === 0 ? fault(asked) : asked.socket.write(asked.answer)));
      const connections = connect(t, [at], { sasl: SASL });
      await assert.rejects(heartbeat(connections));
      await persist('be heard of', () => heartbeat(connections));
    });
    await Promise.all(cases);
  });
}

test('a login that is not renewed, by a broker that does not hang up: the next connection serves', { timeout: 20_000 }, async (t) => {
  const at = await broker(
    t,
    ({ socket, key, before, answer }) => {
      // UNSUPPORTED_SASL_MECHANISM
      if (key === API.handshake && before === 1) answer.writeInt16BE(33, 8);
      socket.write(answer);
    },
    SHORT_SESSION_MS,
  );
  const connections = connect(t, [at], { sasl: SASL });
  const first = await connections.get('any', 'test');
  await new Promise((resolve) => first.once('close', resolve));
  await heartbeat(connections);
});

test('of two brokers one takes connections and answers nothing: the other is asked next', { timeout: 20_000 }, async (t) => {
  const silent = await broker(t, () => {});
  const other = await broker(t, ({ socket, answer }) => socket.write(answer));
  const connections = connect(t, [silent, other]);
  await assert.rejects(heartbeat(connections), /timed out/);
  await persist('be heard of', () => heartbeat(connections));
});

test('closing does not wait for a broker that stands still and reads nothing', { timeout: 20_000 }, async (t) => {
  const at = await broker(t, () => {});
  const closing = new AbortController();
  const connections = connect(t, [at], { timeoutMs: 3_600_000, closing });
  const long = createAPI<[], unknown>(
    0,
    9,
    () => Writer.create().append(Buffer.alloc(32 << 20)),
    () => {},
  );
  const asked = long.async(await connections.get('any', 'test'));
  closing.abort();
  await assert.rejects(asked, /closed/);
});
