import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard, type GuardConfig } from './guard.ts';
import { HttpProblem } from './problem.ts';

/** The status that the guard refuses with; 200 where it does not. */
function ask(config: GuardConfig, headers: Record<string, string>, { method = 'GET', path = '/api/v1/pipelines' } = {}): number {
  try {
    createGuard(config)({ method, path, headers });
    return 200;
  } catch (error) {
    assert.ok(error instanceof HttpProblem);
    return error.status;
  }
}

const LOCAL = { loopback: true };
const KEY = 'k'.repeat(32);
const OPEN = { loopback: false, apiKey: KEY };

test('on loopback only names of this machine are answered to: a name rebound to it is not', () => {
  for (const host of ['localhost', 'localhost:8000', '127.0.0.1:8000', '127.1.2.3', '[::1]:8000', 'LOCALHOST:80']) {
    assert.equal(ask(LOCAL, { host }), 200, host);
  }
  for (const host of [
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:8000',
    '10.0.0.1',
    'a@localhost',
    'localhost:8000 x',
  ]) {
    assert.equal(ask(LOCAL, { host }), 403, host);
  }
  assert.equal(ask(LOCAL, {}), 403);
});

test('a page of another origin is refused, also of another port of this machine', () => {
  const host = 'localhost:8000';
  assert.equal(ask(LOCAL, { host, origin: 'http://localhost:8000' }), 200);
  for (const origin of [
    'http://localhost:3000',
    'http://127.0.0.1:8000',
    'http://evil.example',
    'null',
    'file://',
    'http://localhost:8000.evil.example',
  ]) {
    assert.equal(ask(LOCAL, { host, origin }, { method: 'POST' }), 403, origin);
  }
});

test('a browser that says it comes from elsewhere may follow a link here, and no more', () => {
  const host = 'localhost:8000';
  const from = (site: string, mode: string, dest: string) => ({
    host,
    'sec-fetch-site': site,
    'sec-fetch-mode': mode,
    'sec-fetch-dest': dest,
  });
  assert.equal(ask(LOCAL, from('same-origin', 'cors', 'empty')), 200);
  assert.equal(ask(LOCAL, from('none', 'navigate', 'document')), 200);
  assert.equal(ask(LOCAL, from('cross-site', 'navigate', 'document')), 200);
  assert.equal(ask(LOCAL, from('cross-site', 'navigate', 'document'), { method: 'POST' }), 403);
  assert.equal(ask(LOCAL, from('cross-site', 'navigate', 'iframe')), 403);
  assert.equal(ask(LOCAL, from('cross-site', 'no-cors', 'image')), 403);
  assert.equal(ask(LOCAL, from('same-site', 'cors', 'empty')), 403);
});

test('with a key everything but the health paths needs it', () => {
  const host = 'tocsin.example';
  const basic = (text: string) => ({ host, authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  assert.equal(ask(OPEN, { host }), 401);
  assert.equal(ask(OPEN, { host, authorization: `Bearer ${KEY}` }), 200);
  assert.equal(ask(OPEN, { host, authorization: `bearer ${KEY}` }), 200);
  assert.equal(ask(OPEN, basic(`anyone:${KEY}`)), 200);
  for (const authorization of ['Bearer', 'Bearer ', `Bearer ${KEY}x`, `Bearer ${KEY.slice(1)}`, `Token ${KEY}`, KEY]) {
    assert.equal(ask(OPEN, { host, authorization }), 401, authorization);
  }
  assert.equal(ask(OPEN, basic(`${KEY}:`)), 401);
  for (const path of ['/healthz', '/readyz']) assert.equal(ask(OPEN, { host }, { path }), 200);
  for (const path of ['/', '/metrics', '/healthz/', '/docs/']) assert.equal(ask(OPEN, { host }, { path }), 401, path);
  assert.equal(ask({ loopback: true, apiKey: KEY }, { host: 'localhost' }), 401);
  assert.equal(ask(OPEN, { host, authorization: `Bearer ${KEY}`, origin: 'http://evil.example' }), 403);
});

test('a browser is asked for the key in a line of its own: of several in one Chromium knows the first alone', () => {
  assert.throws(
    () => createGuard(OPEN)({ method: 'GET', path: '/', headers: { host: 'tocsin.example' } }),
    (error: HttpProblem) => {
      assert.deepEqual(error.headers, { 'www-authenticate': ['Basic realm="Tocsin"', 'Bearer realm="Tocsin"'] });
      return true;
    },
  );
});
