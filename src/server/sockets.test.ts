/** What only shows on real connections: live streams, slow and silent clients, a port that is taken. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fakeSurface, serverOn, type ServerOptions } from '../../test/server/fake-surface.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';

async function open(t: TestContext, options: ServerOptions = {}) {
  const surface = fakeSurface();
  const server = await serverOn(t, surface, options);
  const url = await server.listen();
  const port = Number(new URL(url).port);
  const dial = (): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    return socket;
  };
  return { surface, server, url, port, dial, stream: surface.view.stream };
}

const STREAM = '/api/v1/pipelines/ads/stream';

interface Listener {
  /** Waits until the text received matches; gives all of it. */
  until(pattern: RegExp): Promise<string>;
  readonly closed: Promise<unknown>;
  close(): Promise<void>;
}

function listen(socket: Socket, lastEventId?: string, path = STREAM): Listener {
  let received = '';
  let wake = (): void => {};
  socket.on('data', (chunk: Buffer) => {
    // Enough for every test, and short enough to be searched at every piece.
    received = (received + chunk.toString()).slice(-4_000);
    wake();
  });
  const closed = once(socket, 'close').then(() => wake());
  const resume = lastEventId === undefined ? '' : `last-event-id: ${lastEventId}\r\n`;
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${resume}\r\n`);
  return {
    closed,
    async until(pattern) {
      while (!pattern.test(received)) {
        if (socket.destroyed) throw new Error(`the stream ended without ${pattern}: ${received}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return received;
    },
    async close() {
      socket.destroy();
      await closed;
    },
  };
}

const alert = (id: number): AlertEvent => ({ alert_id: `alert-${id}` }) as unknown as AlertEvent;

test('a stream speaks the language that it is asked for', async (t) => {
  const { dial, stream } = await open(t);
  const [english, korean] = [listen(dial()), listen(dial(), undefined, `${STREAM}?lang=ko`)];
  await Promise.all([english.until(/retry: /), korean.until(/retry: /)]);
  stream.publish('alert', { message: 'drop' } as unknown as AlertEvent, { ko: { message: '급락' } as unknown as AlertEvent });
  assert.doesNotMatch(await english.until(/event: alert[^]*\n\n/), /급락/);
  assert.match(await korean.until(/event: alert[^]*\n\n/), /급락/);
  const strange = listen(dial(), undefined, `${STREAM}?lang=xx`);
  assert.match(await strange.until(/"detail"/), /^HTTP\/1\.1 400 /);
});

test('a stream gives events as they come, and what a client missed when it comes back', async (t) => {
  const { dial, stream } = await open(t);
  const first = listen(dial());
  assert.match(await first.until(/retry: /), /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream\r\ncache-control: no-store/);
  stream.publish('alert', alert(1));
  const [, id] = /event: alert\nid: (\S+)\ndata: \{"alert_id":"alert-1"\}\n\n/.exec(await first.until(/alert-1/)) ?? [];
  await first.close();
  stream.publish('alert', alert(2));
  stream.publish('alert', alert(3));
  const second = await listen(dial(), id).until(/alert-3/);
  assert.match(second, /alert-2/);
  assert.doesNotMatch(second, /alert-1|event: reset/);
});

test('a client that was cut off before its first event gets what it missed as well', async (t) => {
  const { dial, stream } = await open(t);
  for (const missed of [1, 2]) {
    const first = listen(dial());
    const [, id] = /\nretry: \d+\n(?:id: (\S+)\n)?\n/.exec(await first.until(/\nretry: [^]*?\n\n/)) ?? [];
    await first.close();
    stream.publish('alert', alert(missed));
    stream.publish('alert', alert(100 + missed));
    const second = listen(dial(), id);
    await second.until(/retry: /);
    stream.publish('alert', alert(1_000));
    const came = await second.until(/alert-1000/);
    assert.deepEqual(came.match(/alert-\d+|reset/g), [`alert-${missed}`, `alert-${100 + missed}`, 'alert-1000']);
    await second.close();
  }
});

test('a client that missed too much, or was with another process, is told to begin anew', async (t) => {
  const { dial, stream } = await open(t);
  const other = listen(dial(), 'another-7');
  assert.match(await other.until(/event: reset/), /event: reset\nid: e-0\ndata: \{\}\n\n/);
  stream.publish('alert', alert(1));
  assert.match(await other.until(/alert-1/), /reset[^]*alert-1/);
});

test('a silent stream is kept alive by comments', async (t) => {
  const { dial } = await open(t, { limits: { heartbeatMs: 10 } });
  await listen(dial()).until(/: heartbeat\n\n[^]*: heartbeat\n\n/);
});

test('a client that takes nothing is cut off; the others go on, and it comes back to what it missed', async (t) => {
  const { dial, stream } = await open(t, { limits: { streamStalledMs: 100 } });
  const slow = dial();
  slow.write(`GET ${STREAM} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  await once(slow, 'readable');
  const quick = listen(dial());
  await quick.until(/retry: /);
  const large = (id: number): AlertEvent => Object.assign({ message: 'x'.repeat(200_000) }, alert(id));
  const slowClosed = once(slow, 'close');
  // More than all buffers between the two hold together.
  for (let i = 1; i <= 100; i++) {
    stream.publish('alert', large(i));
    await quick.until(new RegExp(`alert-${i}"`));
  }
  while (stream.clients > 1) await new Promise((resolve) => setImmediate(resolve));
  slow.resume();
  await slowClosed;
  stream.publish('alert', alert(101));
  await quick.until(/alert-101"/);
  const back = await listen(dial(), 'e-100').until(/alert-101"/);
  assert.doesNotMatch(back, /alert-100|reset/);
});

test('a stream beyond streamClients is refused with 503 until another ends', async (t) => {
  const { dial, url } = await open(t, { limits: { streamClients: 1 } });
  const first = listen(dial());
  await first.until(/retry: /);
  const refused = await fetch(`${url}${STREAM}`);
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '10']);
  await refused.body?.cancel();
  await first.close();
  let status = 503;
  while (status === 503) {
    const answer = await fetch(`${url}${STREAM}`);
    status = answer.status;
    await answer.body?.cancel();
  }
  assert.equal(status, 200);
});

test('closing ends the streams at once', async (t) => {
  const { dial, server } = await open(t);
  const client = listen(dial());
  await client.until(/retry: /);
  await server.close();
  await client.closed;
});

test('a header that never ends, one that is too large, and what is no HTTP at all: a problem, and the connection ends', async (t) => {
  const { dial } = await open(t, { limits: { headersMs: 200, headerBytes: 4_096 } });
  const slow = dial();
  slow.write('GET /healthz HTTP/1.1\r\nhost: local');
  const large = dial();
  large.write(`GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(8_000)}\r\n\r\n`);
  const odd = dial();
  odd.write('HELO\r\n\r\n');
  const [timeout, overflow, broken] = await Promise.all([text(slow), text(large), text(odd)]);
  assert.match(timeout, /^HTTP\/1\.1 408 [^]*problem\+json[^]*"status":408/);
  assert.match(overflow, /^HTTP\/1\.1 431 [^]*"status":431/);
  assert.match(broken, /^HTTP\/1\.1 400 [^]*"status":400/);
});

test('a body that comes too slowly ends with the time of a request', async (t) => {
  const { dial, surface } = await open(t, { limits: { headersMs: 200, requestMs: 300 } });
  const slow = dial();
  slow.write('POST /api/v1/events/raw HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ncontent-length: 50\r\n\r\na\n');
  assert.match(await text(slow), /^HTTP\/1\.1 408 /);
  assert.deepEqual(surface.appended, []);
});

test('a thousand idle connections keep nobody out, and those beyond the limit are closed', async (t) => {
  const { dial, url } = await open(t, { limits: { connections: 1_010 } });
  const idle = Array.from({ length: 1_000 }, dial);
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  const more = Array.from({ length: 60 }, dial);
  await Promise.any(more.map((socket) => once(socket, 'close')));
  for (const socket of [...idle, ...more]) socket.destroy();
});

test('a port that is taken is one clear message', async (t) => {
  const { port } = await open(t);
  const second = await serverOn(t, fakeSurface(), { listen: `127.0.0.1:${port}` });
  await assert.rejects(second.listen(), { code: 'usage', message: new RegExp(`127.0.0.1:${port} is taken.*--listen`) });
  const foreign = await serverOn(t, fakeSurface(), { listen: '192.0.2.1:8000', apiKey: 'k'.repeat(32) });
  await assert.rejects(foreign.listen(), {
    code: 'usage',
    message: /192.0.2.1 is not an address of this machine; try --listen 127.0.0.1:8000/,
  });
});
