/** Brings the tables of a database up to this version, and looks whether they are the ones that they should be. */
import { ClickHouseError, type ClickHouseClient } from '@clickhouse/client';
import { AppError } from '../../core/errors.ts';
import { MIGRATIONS_TABLE, type Migration } from './migrations.ts';
import { ttls, type Retention } from './retention.ts';
import { COLUMNS } from './rows.ts';

/** ClickHouse's analyzer, on by default since 24.3, and `arrayFold` are needed; 24.8 is the first release with long support that has both. */
const OLDEST_SERVER = [24, 8] as const;
const UNKNOWN_TABLE = '60';
const UNKNOWN_DATABASE = '81';
/** The server does not know refreshable views, has them switched off, or not in this kind of database. */
const CANNOT = new Set(['36', '48', '62', '80', '115', '344']);

export interface SchemaConfig {
  readonly db: string;
  readonly migrations: readonly Migration[];
  /** Undefined: as it is. */
  readonly retention?: Retention | undefined;
}

/**
 * What is up to date is only read: that takes no more than SELECT on the database.
 * @throws AppError `data_format`, `olap_refused`, and what the client throws
 */
export async function ensureSchema(client: ClickHouseClient, { db, migrations, retention }: SchemaConfig): Promise<void> {
  const command = (sql: string) => client.command({ query: sql.replaceAll('{db}', db) });
  const select = async <T>(query: string): Promise<T[]> => (await client.query({ query, format: 'JSONEachRow' })).json<T>();
  checkServer((await select<{ version: string }>('SELECT version() AS version'))[0]?.version ?? '');
  const last = await appliedMigration(select, db);
  const newest = migrations.at(-1)?.number ?? 0;
  if (last !== undefined && last > newest) {
    throw new AppError(
      'data_format',
      `The tables of the OLAP database "${db}" have version ${last}; this Tocsin knows version ${newest}. ` +
        'Run the newer Tocsin that made them, or name another database in --olap-store http://HOST:8123/DATABASE.',
    );
  }
  if (last === undefined) {
    await command('CREATE DATABASE IF NOT EXISTS {db}');
    await command(MIGRATIONS_TABLE);
  }
  for (const migration of migrations.filter(({ number }) => number > (last ?? 0))) await migrate(client, command, db, migration);
  // FINAL: a table of another engine refuses it.
  for (const [table, columns] of Object.entries(COLUMNS)) await select(`SELECT ${columns.join(', ')} FROM ${db}.${table} FINAL LIMIT 0`);
  if (retention) await settleRetention(select, command, db, retention);
}

function checkServer(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor >= OLDEST_SERVER[1])) return;
  throw new AppError(
    'olap_refused',
    `The OLAP store is ClickHouse ${version}; expected ${OLDEST_SERVER.join('.')} or newer. Upgrade it, or name another in --olap-store.`,
  );
}

/** Undefined where there is no database or no table yet. */
async function appliedMigration(select: <T>(query: string) => Promise<T[]>, db: string): Promise<number | undefined> {
  try {
    return (await select<{ number: number }>(`SELECT max(number) AS number FROM ${db}.migrations`))[0]?.number ?? 0;
  } catch (error) {
    if (error instanceof ClickHouseError && [UNKNOWN_TABLE, UNKNOWN_DATABASE].includes(error.code)) return undefined;
    throw error;
  }
}

async function migrate(client: ClickHouseClient, command: (sql: string) => Promise<unknown>, db: string, step: Migration): Promise<void> {
  for (const statement of step.statements) await command(statement);
  try {
    for (const statement of step.choice?.attempt ?? []) await command(statement);
  } catch (error) {
    if (!(error instanceof ClickHouseError && CANNOT.has(error.code))) throw error;
    for (const statement of step.choice?.orElse ?? []) await command(statement);
  }
  await client.insert({
    table: `${db}.migrations`,
    columns: ['number', 'name'],
    values: [{ number: step.number, name: step.name }],
    format: 'JSONEachRow',
    clickhouse_settings: { async_insert: 0 },
  });
}

async function settleRetention(
  select: <T>(query: string) => Promise<T[]>,
  command: (sql: string) => Promise<unknown>,
  db: string,
  retention: Retention,
): Promise<void> {
  const wanted = ttls(retention);
  const tables = await select<{ name: string; engine: string; engine_full: string }>(
    `SELECT name, engine, engine_full FROM system.tables WHERE database = '${db}'`,
  );
  for (const { name, engine, engine_full: full } of tables) {
    // Where hours are a view there is nothing to keep.
    if (!(name in wanted) || !engine.endsWith('MergeTree')) continue;
    const found = / TTL (.*?)(?: SETTINGS |$)/.exec(full)?.[1];
    if (found !== wanted[name])
      await command(`ALTER TABLE {db}.${name} ${wanted[name] === undefined ? 'REMOVE TTL' : `MODIFY TTL ${wanted[name]}`}`);
  }
}
