/** A ClickHouse for one test file: the one that the environment names, in a database of the test's own, else one that is started for it. */
import { startClickHouse } from '../../scripts/services/clickhouse.ts';
import type { Service } from '../../scripts/services/service.ts';
import { freshName } from './kafka-log.ts';

/** `address`: a URL with user, password and, of one that was given, the database. `stop` leaves nothing behind. */
export type TestClickHouse = Pick<Service, 'address' | 'stop'>;

/** Not for tests that kill it: those start their own. */
export async function testClickHouse(): Promise<TestClickHouse> {
  const given = process.env['TOCSIN_TEST_CLICKHOUSE'];
  return given ? givenClickHouse(given) : startClickHouse();
}

function givenClickHouse(given: string): TestClickHouse {
  const { origin, username, password } = new URL(given);
  const database = `tocsin_test_${freshName()}`;
  const address = Object.assign(new URL(given), { pathname: `/${database}` }).href;
  return {
    address,
    async stop() {
      const login = Buffer.from(`${decodeURIComponent(username) || 'default'}:${decodeURIComponent(password)}`).toString('base64');
      const headers = { Authorization: `Basic ${login}` };
      const response = await fetch(origin, { method: 'POST', headers, body: `DROP DATABASE IF EXISTS ${database}` });
      if (!response.ok) throw new Error(`${database} is left on ${origin}: ${await response.text()}`);
    },
  };
}
