import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { startServer } from '../../../test/support/http-server.ts';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { UTC } from '../../core/told-time.ts';
import { webhookConfig } from './config.ts';
import { webhookReceiver } from './webhook.ts';

const NOW = 1_766_026_680_900;
const deps = { write: () => {}, colour: false, locale: 'en', zone: UTC, clock: { now: () => NOW, elapsed: () => 0 } } as const;
const notification = { alert: sampleAlert, dedupKey: 'id/firing/2025-12-18T02:58:00.000Z' };

async function delivered(t: TestContext, settings: object, pageUrl?: string) {
  const { origin, received } = await startServer(t, (_, response) => response.end());
  const receiver = webhookReceiver.create('hook', webhookConfig.parse({ url: `${origin}/alerts?x=1`, ...settings }), { ...deps, pageUrl });
  assert.deepEqual(await receiver.send(notification, AbortSignal.timeout(5_000)), { ok: true });
  assert.equal(receiver.target, origin);
  return received[0]!;
}

test('the alert is posted as JSON under its dedup key', async (t) => {
  const { method, path, headers, body } = await delivered(t, { headers: { Authorization: 'Bearer t' } });
  assert.deepEqual([method, path], ['POST', '/alerts?x=1']);
  assert.deepEqual(JSON.parse(body), { ...sampleAlert, page_url: null });
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['idempotency-key'], notification.dedupKey);
  assert.equal(headers['tocsin-timestamp'], '1766026680');
  assert.equal(headers['authorization'], 'Bearer t');
  assert.equal(headers['tocsin-signature'], undefined);
});

test('where the page is known the alert’s card is named', async (t) => {
  const { body } = await delivered(t, {}, 'https://tocsin.example/');
  assert.equal(JSON.parse(body).page_url, 'https://tocsin.example/#/alert/712b0e22-0b84-8e86-b21c-77789d187cc6?pipeline=adtech');
});

test('the signature is the HMAC-SHA256 of timestamp.body', async (t) => {
  const { headers, body } = await delivered(t, { secret: 'key 🔑' });
  const expected = createHmac('sha256', 'key 🔑')
    .update(`${String(headers['tocsin-timestamp'])}.${body}`)
    .digest('hex');
  assert.equal(headers['tocsin-signature'], `v1=${expected}`);
});

test('wrong settings say what is expected, and repeat no address', () => {
  const fault = (settings: object): string =>
    webhookConfig
      .safeParse({ url: 'http://h', ...settings })
      .error?.issues.map(({ message }) => message)
      .join() ?? 'none';
  assert.equal(fault({ url: '${HOOK}', secret: '${KEY}' }), 'none');
  assert.equal(
    fault({ url: 'hooks.example/s3cret' }),
    'found a text of 20 characters that is no address; expected an address that starts with https:// or http://',
  );
  assert.match(fault({ url: 'ftp://h/s3cret' }), /starts with ftp:; expected/);
  assert.match(fault({ url: 'https://me:s3cret@h/' }), /user name or password/);
  assert.match(fault({ url: '${MY HOOK}' }), /name of an environment variable/);
  assert.match(fault({ headers: { 'Content-Type': 'x' } }), /found the header "Content-Type"; expected one that Tocsin does not set/);
  assert.match(fault({ headers: { 'a b': 's3cret' } }), /^found the header "a b"; expected the name of a header$/);
});

test('what an environment variable brings is judged too', () => {
  const create = (settings: object) => webhookReceiver.create('hook', { ...webhookConfig.parse({ url: 'http://h' }), ...settings }, deps);
  assert.throws(() => create({ url: 'not an address' }), { code: 'config_invalid', message: /^receivers\.hook\.url: found a text/ });
  assert.throws(() => create({ headers: { authorization: 'a\nb' } }), { code: 'config_invalid', message: /line end/ });
});
