/** `deploy/clickhouse/kafka-engine.sql`: what ClickHouse makes of a record of `p.windows` is the row that Tocsin puts. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Session } from 'chdb';
import { fc } from '../../../test/support/fast-check.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';
import { windowRow } from '../../../test/contract/olap-store.ts';
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import { MIGRATIONS } from './migrations.ts';
import { COLUMNS, windowColumns } from './rows.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../deploy/clickhouse');

/** Statements of a file, without comments. */
function statements(file: string): string[] {
  const sql = readFileSync(path.join(FOLDER, file), 'utf8').replaceAll(/^\s*--.*$/gm, '');
  return sql.split(/;\s*$/m).map((statement) => statement.trim()).filter((statement) => statement !== ''); // prettier-ignore
}

/** The engine in this process, with Tocsin's tables; undefined where it is not installed. */
async function engine(): Promise<{ session: Session; close: () => void } | undefined> {
  const found = await import('chdb').catch(() => undefined);
  if (!found) return undefined;
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-kafka-engine-'));
  const session = new found.Session(dir);
  await session.queryAsync('CREATE DATABASE tocsin');
  for (const migration of MIGRATIONS) {
    for (const sql of migration.statements) await session.queryAsync(sql.replaceAll('{db}', 'tocsin'));
  }
  return {
    session,
    close: () => {
      session.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Written as whole numbers that fit no integer of ClickHouse: `kafka-engine.sql` says that such rows are left out. */
function fitsNoInteger(value: number): boolean {
  return Math.abs(value) >= 2 ** 63 && Math.abs(value) < 1e21;
}

const rowsArbitrary = fc.array(
  fc.record({
    labels: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,5}$/), fc.string({ unit: anyCharacter, maxLength: 8 }), {
      maxKeys: 3,
    }),
    start: fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(9999, 11, 31) }),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !fitsNoInteger(value)),
    version: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    origin: fc.constantFrom('', 'ads/0', 'replay'),
    final: fc.boolean(),
    events: fc.nat(),
  }),
  { minLength: 1, maxLength: 50 },
);

test('a record read by ClickHouse is the row that Tocsin puts', { skip: noChdb() }, async (t) => {
  const running = await engine();
  assert.ok(running);
  t.after(running.close);
  const { session } = running;
  // A plain table in the place of the broker: the SELECT is that of the file.
  const [queue, reader, ...more] = statements('kafka-engine.sql');
  assert.deepEqual(more, []);
  await session.queryAsync(queue!.replace(/ENGINE = Kafka[^]*$/, 'ENGINE = Memory'));
  const select = /AS\n(WITH[^]*)$/.exec(reader!)![1]!;
  const names = COLUMNS.windows.join(', ');
  const canonical = `SELECT ${names.replace('version', 'toString(version) AS version')} FROM`;
  const precise = 'SETTINGS precise_float_parsing = 1, output_format_json_quote_64bit_integers = 0';
  const read = async (from: string): Promise<string[]> =>
    (await session.queryAsync(`${canonical} ${from} ${precise}`, { format: 'JSONEachRow' })).text().trim().split('\n').sort();

  await session.queryAsync('CREATE TABLE tocsin.put AS tocsin.windows ENGINE = Memory');
  await fc.assert(
    fc.asyncProperty(rowsArbitrary, async (made) => {
      const rows = made.map(({ labels, start, value, version, origin, final, events }): WindowRow => ({
        ...windowRow('p', 0),
        window_start: new Date(start).toISOString(),
        window_end: new Date(Math.min(start + 60_000, Date.UTC(9999, 11, 31))).toISOString(),
        labels,
        measures: { revenue: value, rpc: null, clicks: 5e-324 },
        state: { revenue: value, users: 'aGxs+/==', 'price.sum': 2 ** 53 + 2 },
        version: String(version),
        origin,
        final,
        events,
        idle: origin === '' ? ['ads/1', 'ads/2'] : [],
      }));
      const closed: WindowRecord = { kind: 'closed', pipeline: 'p', window: '1m', window_start: '2026-01-05T00:00:00.000Z', window_end: '2026-01-05T00:01:00.000Z', idle: [] }; // prettier-ignore
      const insert = (table: string, values: readonly object[], columns: readonly string[]) =>
        session.insert({
          table,
          columns: [...columns],
          format: 'JSONEachRow',
          values: Buffer.from(values.map((value) => JSON.stringify(value)).join('\n')),
        });
      for (const table of ['adtech_windows_queue', 'put']) await session.queryAsync(`TRUNCATE TABLE tocsin.${table}`);
      await insert(
        'tocsin.adtech_windows_queue',
        [...rows, closed].map((row) => ({ record: JSON.stringify(row) })),
        ['record'],
      );
      await session.queryAsync('SET precise_float_parsing = 1');
      await insert('tocsin.put', rows.map(windowColumns), COLUMNS.windows);
      assert.deepEqual(await read(`(${select})`), await read('tocsin.put'));
    }),
    { numRuns: 20 },
  );

  // The statements themselves: the table of the Kafka engine, and the view that writes into Tocsin's.
  await session.queryAsync('DROP TABLE tocsin.adtech_windows_queue');
  await session.queryAsync(queue!.replace('kafka:9092', '127.0.0.1:1'));
  await session.queryAsync(reader!);
  const columns = (
    await session.queryAsync("SELECT name FROM system.columns WHERE database = 'tocsin' AND table = 'adtech_windows_reader'", {
      format: 'TSV',
    })
  ).text();
  assert.deepEqual(columns.trim().split('\n').filter((name) => !name.endsWith('_at')).sort(), [...COLUMNS.windows].sort()); // prettier-ignore
});

function noChdb(): string | false {
  try {
    createRequire(import.meta.url).resolve('chdb');
    return false;
  } catch {
    return 'chDB is not installed here';
  }
}

test('the statements for a reader are read by the engine, which has no users to change here', { skip: noChdb() }, async (t) => {
  const running = await engine();
  assert.ok(running);
  t.after(running.close);
  const found = statements('grafana-user.sql');
  assert.ok(found.length >= 6);
  for (const sql of found) {
    const SYNTAX_ERROR = 62;
    const refused = await running.session.queryAsync(sql).then(
      () => undefined,
      (error: Error & { clickhouseCode?: number }) => error.clickhouseCode,
    );
    assert.ok(refused !== undefined && refused !== SYNTAX_ERROR, `${refused}: ${sql}`);
  }
});
