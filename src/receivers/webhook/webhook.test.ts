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
  assert.deepEqual(JSON.parse(body), { ...sampleAlert, members_count: 0, page_url: null });
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['idempotency-key'], notification.dedupKey);
  assert.equal(headers['tocsin-timestamp'], '1766026680');
  assert.equal(headers['authorization'], 'Bearer t');
  assert.equal(headers['tocsin-signature'], undefined);
});

test('of hundreds of members the 100 gravest are sent, and how many there are: the body stays within what servers take', async (t) => {
  const members = Array.from({ length: 2_000 }, (_, index) => ({
    alert_id: `712b0e22-0b84-8e86-b21c-${String(index).padStart(12, '0')}`,
    labels: { country: 'US', ad_format: 'banner', placement: `placement-${index}` },
    series: `ctr{country="US",ad_format="banner",placement="placement-${index}"}`,
    since: '2025-12-18T02:57:00.000Z',
    // Records of earlier versions say of none how grave it is.
    ...(index % 7 !== 0 && { severity: index % 40 === 39 ? ('critical' as const) : ('medium' as const) }),
    told: false,
  }));
  const sent = async (alert: typeof sampleAlert): Promise<string> => {
    const { origin, received } = await startServer(t, (_, response) => response.end());
    const receiver = webhookReceiver.create('hook', webhookConfig.parse({ url: origin }), deps);
    await receiver.send({ ...notification, alert }, AbortSignal.timeout(5_000));
    return received[0]!.body;
  };
  const body = await sent({ ...sampleAlert, members });
  assert.ok(body.length < 50_000, `${body.length} bytes`);
  const told = JSON.parse(body);
  const critical = members.filter(({ severity }) => severity === 'critical');
  const medium = members.filter(({ severity }) => severity === 'medium');
  assert.deepEqual([told.members_count, told.members], [2_000, [...critical, ...medium].slice(0, 100)]);
  assert.ok(critical.length > 40 && critical.length < 100);

  const few = JSON.parse(await sent({ ...sampleAlert, members: members.slice(0, 100) }));
  assert.deepEqual([few.members_count, few.members], [100, members.slice(0, 100)]);
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
