/** TLS, logins and permissions, against a broker that asks for them; and what people are told where they are wrong. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startKafka } from '../../../scripts/services/kafka.ts';
import { programPath } from '../../../scripts/services/packages.ts';
import type { Service } from '../../../scripts/services/service.ts';
import { service } from '../../../test/support/services.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { packRecords, recordAt } from '../batch.ts';
import { connectKafka } from './connection.ts';
import type { KafkaConnection } from './connection.ts';
import { parseKafkaUrl } from './url.ts';

const STORE = 'store-secret';
const skip = service('kafka').skip || (programPath('keytool') === undefined && 'needs keytool, which comes with Java');

describe('a broker with TLS, logins and permissions', { skip }, () => {
  let dir: string;
  let ca: string;
  let broker: Service;

  before(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'tocsin-kafka-tls-'));
    ca = path.join(dir, 'ca.pem');
    const store = path.join(dir, 'broker.p12');
    const keytool = (...args: string[]): void =>
      void execFileSync('keytool', [...args, '-keystore', store, '-storepass', STORE], { stdio: 'pipe' });
    keytool(
      '-genkeypair',
      '-alias',
      'broker',
      '-keyalg',
      'EC',
      '-dname',
      'CN=localhost',
      '-ext',
      'SAN=ip:127.0.0.1,dns:localhost',
      '-validity',
      '2',
    );
    keytool('-exportcert', '-alias', 'broker', '-rfc', '-file', ca);
    const jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="alice-secret" user_bob="bob-secret";';
    broker = await startKafka({
      dir,
      protocol: 'SASL_SSL',
      scramUsers: { alice: 'scram-secret' },
      properties: {
        'ssl.keystore.location': store,
        'ssl.keystore.password': STORE,
        'ssl.keystore.type': 'PKCS12',
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
        'listener.name.client.oauthbearer.sasl.jaas.config':
          'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
        'listener.name.client.plain.sasl.jaas.config': jaas,
        'listener.name.client.scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
        'listener.name.client.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS;User:alice',
      },
    });
  });
  after(async () => {
    await broker?.stop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  function connect(login: string, query: string): Promise<KafkaConnection> {
    const config = parseKafkaUrl(`kafka://${login}${broker.address}?${query}`, {});
    return connectKafka(config, { clock: systemClock, logger: silentLogger });
  }

  for (const [mechanism, password] of [
    ['plain', 'alice-secret'],
    ['scram-sha-256', 'scram-secret'],
    ['scram-sha-512', 'scram-secret'],
  ] as const) {
    it(`writes and reads over TLS, logged in by ${mechanism}`, async () => {
      const connection = await connect(`alice:${password}@`, `ca=${ca}&sasl=${mechanism}`);
      const log = await connection.log({ topic: 'ledger', partition: 0 });
      await log.ensureTopic(mechanism, { partitions: 1 });
      await log.commit({ appends: [{ topic: mechanism, partition: 0, ...packRecords(['over TLS']) }] });
      const batch = await log.read(mechanism, 0, 0, { maxBytes: 1_000 });
      assert.equal(Buffer.from(recordAt(batch!, 0)).toString(), 'over TLS');
      await connection.close();
    });
  }

  it('a wrong password, way to log in or certificate is refused at once, naming the setting', async () => {
    const cases: [login: string, query: string, message: RegExp][] = [
      ['alice:wrong@', `ca=${ca}&sasl=scram-sha-512`, /refused user and password.*TOCSIN_KAFKA_PASSWORD/],
      ['alice:wrong@', `ca=${ca}&sasl=plain`, /refused user and password.*TOCSIN_KAFKA_PASSWORD/],
      ['alice:alice-secret@', 'tls=true&sasl=plain', /TLS failed: .*certificate.*ca=/],
      ['alice:alice-secret@', `ca=${ca}&servername=elsewhere&sasl=plain`, /TLS failed: .*elsewhere/],
      ['', `ca=${ca}`, /hangs up on whoever has not logged in. Set sasl=/],
      ['', 'tls=false', /one side speaks TLS and the other does not/],
    ];
    for (const [login, query, message] of cases) {
      await assert.rejects(connect(login, query), { code: 'log_refused', retryable: false, message }, query);
    }
    const hint = { code: 'log_unavailable', message: /ends before the login. If the port speaks TLS, set tls=true/ };
    await assert.rejects(connect('alice:alice-secret@', 'sasl=plain'), hint);
  });

  it('logs in with a token; one that has expired, is none or has gone is told as such', async (t) => {
    const tokenUntil = (seconds: number): string => {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const now = Math.floor(systemClock.now() / 1_000);
      return `${part({ alg: 'none' })}.${part({ sub: 'alice', iat: now - 600, exp: now + seconds })}.`;
    };
    const connectWith = (env: Record<string, string>): Promise<KafkaConnection> =>
      connectKafka(parseKafkaUrl(`kafka://${broker.address}?ca=${ca}&sasl=oauthbearer`, env), { clock: systemClock, logger: silentLogger });
    await (await connectWith({ TOCSIN_KAFKA_TOKEN: tokenUntil(600) })).close();
    for (const token of [tokenUntil(-300), 'nonsense']) {
      const message = /the broker refused the token \(invalid_token\)\. It may have expired.* put a new one into TOCSIN_KAFKA_TOKEN\.$/;
      await assert.rejects(connectWith({ TOCSIN_KAFKA_TOKEN: token }), { code: 'log_refused', retryable: false, message });
    }
    const file = path.join(dir, 'token');
    const env = { TOCSIN_KAFKA_TOKEN_FILE: file };
    assert.throws(() => parseKafkaUrl('kafka://h?sasl=oauthbearer', env), {
      code: 'usage',
      message: /cannot be read \(ENOENT\); expected/,
    });
    writeFileSync(file, tokenUntil(-300));
    await assert.rejects(connectWith(env), { code: 'log_refused', message: /put a new one into \/.*token\.$/ });

    // A file that was right: whoever keeps it fresh is waited for.
    writeFileSync(file, tokenUntil(600));
    const config = parseKafkaUrl(`kafka://${broker.address}?ca=${ca}&sasl=oauthbearer`, env);
    await (await connectKafka(config, { clock: systemClock, logger: silentLogger })).close();
    for (const [change, message] of [
      [
        (): void => writeFileSync(file, tokenUntil(-300)),
        /refused the token .* is read again for each attempt\. Waiting, and trying again\.$/,
      ],
      [(): void => rmSync(file), /no token to log in with: .* cannot be read \(ENOENT\)\. Waiting, and trying again\.$/],
    ] as const) {
      change();
      const stop = new AbortController();
      t.after(() => stop.abort());
      const said = Promise.withResolvers<string>();
      const waiting = connectKafka(config, { clock: systemClock, logger: { info: () => {}, warn: said.resolve }, signal: stop.signal });
      assert.match(await said.promise, message);
      writeFileSync(file, tokenUntil(600));
      await (await waiting).close();
    }
  });

  it('a missing permission is refused at once, naming it', async () => {
    const alice = await connect('alice:alice-secret@', `ca=${ca}&sasl=plain`);
    const hers = await alice.log({ topic: 'hers', partition: 0 });
    await hers.ensureTopic('secret', { partitions: 1 });
    const bob = await connect('bob:bob-secret@', `ca=${ca}&sasl=plain`);
    await assert.rejects(bob.log({ topic: 'his', partition: 0 }), {
      code: 'log_refused',
      message: /his.*AUTHORIZATION_FAILED.*kafka-acls/s,
    });
    const view = await bob.log({ topic: 'his', partition: 0 }, { readOnly: true });
    await assert.rejects(view.read('secret', 0, 0, { maxBytes: 1 }), {
      code: 'log_refused',
      message: /permission.*TOPIC_AUTHORIZATION_FAILED.*lacks the right Describe on the topic.*If the topic is not there yet/,
    });
    await Promise.all([alice.close(), bob.close()]);
  });
});
