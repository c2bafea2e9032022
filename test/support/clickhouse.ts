/** A ClickHouse for one test file: the one that the environment names, in a database of the test's own, else one that is started for it. */
import { startClickHouse } from '../../scripts/services/clickhouse.ts';
import type { Service } from '../../scripts/services/service.ts';
import { freshName } from './kafka-log.ts';

/** `address`: a URL with user, password and, of one that was given, the database. `stop` leaves nothing behind. */
export type TestClickHouse = Pick<Service, 'address' | 'stop'>;

/** Not for tests that kill it: those start their own. */
export async function testClickHouse(): Promise<TestClickHouse> {
  const given = process.env['TOCSIN_TEST_CLICKHOUSE'];
  return (given && (await databaseOn(given))) || startClickHouse();
}

/** Undefined where the user may not make one: the chDB child has the one database of its pipelines alone. */
async function databaseOn(given: string): Promise<TestClickHouse | undefined> {
  const { origin, username, password } = new URL(given);
  const login = `${decodeURIComponent(username) || 'default'}:${decodeURIComponent(password)}`;
  const headers = { Authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  const database = `tocsin_test_${freshName()}`;
  const ask = (sql: string): Promise<Response> => fetch(origin, { method: 'POST', headers, body: sql });
  const made = await ask(`CREATE DATABASE ${database}`);
  if (!made.ok) {
    console.error(
      `the ClickHouse that was given lets tests make no database (${(await made.text()).trim().slice(0, 200)}): another is started`,
    );
    return undefined;
  }
  return {
    address: Object.assign(new URL(given), { pathname: `/${database}` }).href,
    async stop() {
      const dropped = await ask(`DROP DATABASE ${database}`);
      if (!dropped.ok) throw new Error(`${database} is left on ${origin}: ${await dropped.text()}`);
    },
  };
}
