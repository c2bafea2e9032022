/** What tests know of the services that `scripts/services.ts run` brought up for them. */
import { kafkaMissing } from '../../scripts/services/kafka.ts';
import { redisMissing } from '../../scripts/services/redis.ts';
import type { ServiceName } from '../../scripts/services/service.ts';

export interface TestService {
  /** `host:port`; of ClickHouse a URL with user and password. Empty where the tests are skipped. */
  readonly address: string;
  /** For `describe(name, { skip: kafka.skip }, …)`: why, with the command that mends it. */
  readonly skip: string | false;
}

/** @throws Error instead of a reason to skip where REQUIRE_SERVICES is set */
export function service(name: ServiceName): TestService {
  const address = process.env[`TOCSIN_TEST_${name.toUpperCase()}`];
  if (address) return { address, skip: false };
  const reason = `needs ${name}: run it with \`node_modules/.bin/node scripts/services.ts run ${name} -- node --test FILE\``;
  if (process.env['REQUIRE_SERVICES']) throw new Error(reason);
  return { address: '', skip: reason };
}

/**
 * For tests that start one of their own with `startKafka` or `startRedis`: what to skip them with where that is not possible.
 * @throws Error instead where REQUIRE_SERVICES is set
 */
export async function ownService(name: 'kafka' | 'redis'): Promise<{ readonly skip: string | false }> {
  const missing = await (name === 'kafka' ? kafkaMissing() : redisMissing());
  if (missing === undefined) return { skip: false };
  const reason = `needs ${name} (${missing}): \`node_modules/.bin/node scripts/services.ts run ${name} -- true\` fetches it where that is possible`;
  if (process.env['REQUIRE_SERVICES']) throw new Error(reason);
  return { skip: reason };
}
