/** A broker with TLS, logins and permissions, as a company has it: who may do what. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { createAclsV3 } from '@platformatic/kafka';
import { startKafka } from '../../scripts/services/kafka.ts';
import { programPath } from '../../scripts/services/packages.ts';
import type { Service } from '../../scripts/services/service.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createCluster } from '../../src/log/kafka/cluster.ts';
import { createTopics } from '../../src/log/kafka/topics.ts';
import { parseKafkaUrl } from '../../src/log/kafka/url.ts';

export interface SecuredBroker {
  readonly service: Service;
  /** Of the authority that signed its certificate, PEM. */
  readonly ca: string;
  /** `--log` for a user. */
  log(user: keyof typeof RIGHTS, password?: string): string;
}

/** Numbers of Kafka's protocol. */
const [TOPIC, GROUP, CLUSTER] = [2, 3, 4] as const;
const [ALL, READ, CREATE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS] = [2, 3, 5, 8, 10, 11] as const;
const [LITERAL, ALLOW] = [3, 3] as const;
/** `alice` may everything; the others what stands here, of all topics. */
const RIGHTS = {
  alice: [],
  nobody: [],
  reader: [
    [TOPIC, '*', READ],
    [TOPIC, '*', DESCRIBE],
  ],
  writeless: [
    [TOPIC, '*', READ],
    [TOPIC, '*', CREATE],
    [TOPIC, '*', DESCRIBE_CONFIGS],
    [TOPIC, '*', ALTER_CONFIGS],
    [GROUP, '*', READ],
    [CLUSTER, 'kafka-cluster', ALL],
  ],
  groupless: [
    [TOPIC, '*', ALL],
    [CLUSTER, 'kafka-cluster', ALL],
  ],
} as const satisfies Record<string, readonly (readonly [type: number, name: string, operation: number])[]>;

/** Why it cannot be had here. */
export const securedMissing = programPath('keytool') === undefined && 'needs keytool, which comes with Java';

/** With topics of one partition each. */
export async function startSecuredBroker(dir: string, topics: readonly string[]): Promise<SecuredBroker> {
  const [ca, store] = [path.join(dir, 'ca.pem'), path.join(dir, 'broker.p12')];
  const keytool = (...args: string[]): void =>
    void execFileSync('keytool', [...args, '-keystore', store, '-storepass', 'store-secret', '-alias', 'broker'], { stdio: 'pipe' });
  keytool('-genkeypair', '-keyalg', 'EC', '-dname', 'CN=localhost', '-ext', 'SAN=ip:127.0.0.1', '-validity', '2');
  keytool('-exportcert', '-rfc', '-file', ca);
  const users = Object.keys(RIGHTS).map((user) => `user_${user}="${user}-secret"`);
  const service = await startKafka({
    dir,
    protocol: 'SASL_SSL',
    properties: {
      'ssl.keystore.location': store,
      'ssl.keystore.password': 'store-secret',
      'ssl.keystore.type': 'PKCS12',
      'sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.client.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${users.join(' ')};`,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS;User:alice',
    },
  });
  const log = (user: keyof typeof RIGHTS, password = `${user}-secret`): string =>
    `kafka://${user}:${password}@${service.address}?ca=${ca}&sasl=plain`;
  const cluster = await createCluster(parseKafkaUrl(log('alice'), {}), { clock: systemClock, logger: silentLogger });
  try {
    for (const topic of topics) await createTopics(cluster, silentLogger).ensure(topic, { partitions: 1 });
    const creations = Object.entries(RIGHTS).flatMap(([user, rights]) =>
      rights.map(([resourceType, resourceName, operation]) => {
        const who = { principal: `User:${user}`, host: '*', operation, permissionType: ALLOW };
        return { resourceType, resourceName, resourcePatternType: LITERAL, ...who } as const;
      }),
    );
    await cluster.call(createAclsV3.api, await cluster.controller(), [creations]);
  } finally {
    cluster.close();
  }
  return { service, ca, log };
}
