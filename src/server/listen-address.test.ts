import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListenAddress, requireKey } from './listen-address.ts';
import { listenError } from './server.ts';

test('addresses, and which of them other machines reach', () => {
  assert.deepEqual(parseListenAddress('127.0.0.1:8000'), { host: '127.0.0.1', port: 8_000, loopback: true });
  assert.deepEqual(parseListenAddress('localhost:0'), { host: 'localhost', port: 0, loopback: true });
  assert.deepEqual(parseListenAddress('[::1]:80'), { host: '::1', port: 80, loopback: true });
  assert.deepEqual(parseListenAddress('[::]:80'), { host: '::', port: 80, loopback: false });
  assert.deepEqual(parseListenAddress('0.0.0.0:8000'), { host: '0.0.0.0', port: 8_000, loopback: false });
  assert.equal(parseListenAddress('127.0.0.1.example:1').loopback, false);
  for (const text of ['', '8000', ':8000', '127.0.0.1', '127.0.0.1:70000', '127.0.0.1:x', '::1:80', 'a b:80', 'http://127.0.0.1:80']) {
    assert.throws(() => parseListenAddress(text), { code: 'usage', message: /expected HOST:PORT/ }, text);
  }
});

test('a refusal names an IPv6 address as it is to be written', () => {
  const refusal = (code: string): unknown => listenError(Object.assign(new Error(), { code }), parseListenAddress('[::1]:80'));
  for (const [error, text] of [
    [refusal('EADDRINUSE'), /^\[::1\]:80 is taken .* --listen \[::1\]:81,/],
    [refusal('EACCES'), /cannot listen on \[::1\]:80:/],
    [refusal('ENOTFOUND'), /cannot listen on \[::1\]:80: ::1 is not an address/],
  ] as const) {
    assert.match((error as Error).message, text);
  }
  assert.throws(() => requireKey(parseListenAddress('[::]:80'), undefined), /--listen \[::\]:80 is reached/);
});

test('what other machines reach needs a key worth the name', () => {
  const open = parseListenAddress('0.0.0.0:8000');
  assert.throws(() => requireKey(open, undefined), { code: 'usage', message: /TOCSIN_API_KEY/ });
  assert.throws(() => requireKey(open, 'short'), { code: 'usage', message: /16 to 512/ });
  assert.throws(() => requireKey(open, `${'k'.repeat(20)} `), { code: 'usage' });
  requireKey(open, 'k'.repeat(16));
  requireKey(parseListenAddress('127.0.0.1:8000'), undefined);
});
