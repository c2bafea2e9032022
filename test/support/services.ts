/** What tests know of the services that `scripts/services.ts run` brought up for them. */
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
