import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { parseKafkaUrl } from './url.ts';

test('brokers, with a port unless it is the usual one', () => {
  const { brokers, tls, sasl, shown } = parseKafkaUrl('kafka://a.example:9093,b,[::1]:9094', {});
  assert.deepEqual(brokers, [
    { host: 'a.example', port: 9093 },
    { host: 'b', port: 9092 },
    { host: '::1', port: 9094 },
  ]);
  assert.deepEqual([tls, sasl, shown], [undefined, undefined, 'kafka://a.example:9093,b,[::1]:9094']);
});

test('a login stands in the address or in the environment, and is never shown', () => {
  const inUrl = parseKafkaUrl('kafka://me:p%40ss@h:1?sasl=scram-sha-256', {});
  assert.deepEqual(inUrl.sasl, { mechanism: 'SCRAM-SHA-256', username: 'me', password: 'p@ss' });
  assert.equal(inUrl.shown, 'kafka://h:1');
  const env = { TOCSIN_KAFKA_USERNAME: 'you', TOCSIN_KAFKA_PASSWORD: 'secret' };
  assert.deepEqual(parseKafkaUrl('kafka://h', env).sasl, { mechanism: 'PLAIN', username: 'you', password: 'secret' });
  assert.deepEqual(parseKafkaUrl('kafka://h?tls=true', env).sasl, { mechanism: 'SCRAM-SHA-512', username: 'you', password: 'secret' });
});

test('a token is read anew for each connection', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-token-'));
  try {
    const file = path.join(dir, 'token');
    writeFileSync(file, 'first\n');
    const { sasl } = parseKafkaUrl('kafka://h?tls=true&sasl=oauthbearer', { TOCSIN_KAFKA_TOKEN_FILE: file });
    assert.ok(sasl && sasl.mechanism === 'OAUTHBEARER');
    assert.equal(sasl.token(), 'first');
    writeFileSync(file, 'second');
    assert.equal(sasl.token(), 'second');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a file for TLS turns TLS on without tls=true', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-ca-'));
  try {
    const file = path.join(dir, 'ca.pem');
    const ca = '-----BEGIN CERTIFICATE-----\n';
    writeFileSync(file, ca);
    assert.deepEqual(parseKafkaUrl(`kafka://h?ca=${file}&servername=broker`, {}).tls, { ca, servername: 'broker' });
    assert.deepEqual(parseKafkaUrl('kafka://h?tls=true', {}).tls, {});
  } finally {
    rmSync(dir, { recursive: true });
  }
});

const wrong: readonly [url: string, message: RegExp][] = [
  ['redis://me:secret@h', /^--log: redis:\/\/…@h is not an address of Kafka; expected kafka:\/\/HOST:PORT/],
  ['kafka://', /is not an address/],
  ['kafka://a,,b', /"" is not HOST:PORT/],
  ['kafka://h:0', /"h:0" is not HOST:PORT/],
  ['kafka://h:99999', /"h:99999" is not HOST:PORT/],
  ['kafka://h?ssl=true', /ssl= is not a setting of kafka:\/\/; there are tls, ca/],
  ['kafka://h?tls=yes', /tls=yes; expected tls=true or tls=false/],
  ['kafka://h?tls=false&servername=x', /tls=false together with/],
  ['kafka://h?ca=/nowhere/ca.pem', /ca=\/nowhere\/ca.pem cannot be read \(ENOENT\)/],
  ['kafka://u:p@h?sasl=gssapi', /sasl=gssapi; expected one of plain, scram-sha-256/],
  ['kafka://h?sasl=plain', /needs a user and a password; set TOCSIN_KAFKA_USERNAME/],
  ['kafka://u@h', /sasl=plain needs a user and a password/],
  ['kafka://u:%zz@h', /expected %25/],
  ['kafka://h?sasl=oauthbearer', /needs a token; set TOCSIN_KAFKA_TOKEN/],
];

for (const [url, message] of wrong) {
  test(`${url} is refused with what was expected`, () => {
    assert.throws(
      () => parseKafkaUrl(url, {}),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'usage');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
}
