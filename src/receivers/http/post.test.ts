import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { startServer } from '../../../test/support/http-server.ts';
import type { SendResult } from '../receiver.ts';
import { post, retryAfterMs } from './post.ts';

const NOW = Date.parse('2026-03-02T09:00:00.000Z');
const setting = 'receivers.chat.url';
const clock = { now: () => NOW, elapsed: () => 0 };

/** Posts to a server that answers like this. */
async function answered(
  t: TestContext,
  status: number,
  headers: Record<string, string> = {},
  body = '',
  secrets: string[] = [],
): Promise<SendResult> {
  const { origin } = await startServer(t, (_, response) => response.writeHead(status, headers).end(body));
  const url = new URL('/services/T0/B0/secret?key=1', origin);
  const result = await post({ url, headers: {}, body: '{}', setting, secrets }, clock, AbortSignal.timeout(5_000));
  // The port is another one each time.
  return result.ok ? result : { ...result, reason: result.reason.replace(origin, 'HOST') };
}

test('2xx is delivered, whatever the answer says', async (t) => {
  for (const status of [200, 201, 204]) assert.deepEqual(await answered(t, status), { ok: true });
});

test('what may pass is retryable, what somebody has to mend is not', async (t) => {
  assert.deepEqual(await answered(t, 500, {}, 'rollup_error'), { ok: false, retryable: true, reason: 'HOST answered 500: rollup_error' });
  assert.deepEqual(await answered(t, 408), { ok: false, retryable: true, reason: 'HOST answered 408' });
  for (const status of [400, 401, 403, 404, 410]) {
    assert.deepEqual(await answered(t, status), { ok: false, retryable: false, reason: `HOST answered ${status}` });
  }
});

test('a pause that is asked for is passed on, within bounds', async (t) => {
  const busy = await answered(t, 429, { 'retry-after': '7' });
  assert.deepEqual(busy, { ok: false, retryable: true, reason: 'HOST answered 429', retryAfterMs: 7_000 });
  assert.ok(!('retryAfterMs' in (await answered(t, 429))));
  assert.equal(retryAfterMs('86400', NOW), 300_000);
  assert.equal(retryAfterMs('Mon, 02 Mar 2026 09:00:30 GMT', NOW), 30_000);
  assert.equal(retryAfterMs('1.25', NOW), 1_250);
  // Never none at all: who asks for a pause does not want the next request at once.
  for (const past of ['0', '-5', '0.3', 'Mon, 02 Mar 2026 08:00:00 GMT']) assert.equal(retryAfterMs(past, NOW), 1_000, past);
  for (const nonsense of [null, '', 'soon', '-', '1e9', '5s']) assert.equal(retryAfterMs(nonsense, NOW), undefined, String(nonsense));
});

test('redirects are not followed', async (t) => {
  const target = await startServer(t, (_, response) => response.end());
  assert.deepEqual(await answered(t, 302, { location: `${target.origin}/elsewhere` }), {
    ok: false,
    retryable: false,
    reason: `HOST redirects to ${target.origin}, which is not followed: put the final address into ${setting}`,
  });
  assert.equal(target.received.length, 0);
});

test('an answer without end is not read to its end; what is shown of it is short, one line, and holds no secret', async (t) => {
  const { origin } = await startServer(t, (_, response) => {
    response.writeHead(400);
    response.write(`no\nsuch\x1b[2J path /services/T0/B0/secret or key abc ${'x'.repeat(100_000)}`);
  });
  const url = new URL('/services/T0/B0/secret', origin);
  const result = await post({ url, headers: {}, body: '', setting, secrets: ['abc'] }, clock, AbortSignal.timeout(5_000));
  assert.ok(!result.ok && !result.retryable);
  assert.match(result.reason, /answered 400: no such \[2J path \[hidden\] or key \[hidden\] x+…$/);
  assert.ok(result.reason.length < 250);
});

test('an answer that stops in its middle is known by its status: who took a notification is not told again', async (t) => {
  const said = async (status: number): Promise<SendResult> => {
    const { origin } = await startServer(t, (_, response) =>
      response.writeHead(status, { 'retry-after': '7' }).write('no such path abc, a-long-secr'),
    );
    const result = await post(
      { url: new URL(origin), headers: {}, body: '', setting, secrets: ['a-long-secret'] },
      clock,
      AbortSignal.timeout(5_000),
    );
    return result.ok ? result : { ...result, reason: result.reason.replace(origin, 'HOST') };
  };
  assert.deepEqual(await Promise.all([200, 400, 429].map(said)), [
    { ok: true },
    { ok: false, retryable: false, reason: 'HOST answered 400: no such path abc, [hidden]' },
    { ok: false, retryable: true, reason: 'HOST answered 429: no such path abc, [hidden]', retryAfterMs: 7_000 },
  ]);
});

test('no connection is retryable and names the server alone', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const url = new URL(`http://127.0.0.1:${port}/secret`);
  assert.deepEqual(await post({ url, headers: {}, body: '', setting }, clock, AbortSignal.timeout(5_000)), {
    ok: false,
    retryable: true,
    reason: `no connection to http://127.0.0.1:${port} (ECONNREFUSED)`,
  });
});

test('an address with a port of another protocol is not tried again, and the setting is named', async () => {
  const result = await post(
    { url: new URL('http://127.0.0.1:6000/secret'), headers: {}, body: '', setting },
    clock,
    AbortSignal.timeout(5_000),
  );
  assert.deepEqual(result, {
    ok: false,
    retryable: false,
    reason: `http://127.0.0.1:6000 has a port that is kept for another protocol, and no HTTP is sent to it: put another one into ${setting}`,
  });
});

test('an attempt that is called off ends', async (t) => {
  const stop = new AbortController();
  const { origin } = await startServer(t, () => stop.abort());
  const result = await post({ url: new URL(origin), headers: {}, body: '', setting }, clock, stop.signal);
  assert.ok(!result.ok && result.retryable);
});
