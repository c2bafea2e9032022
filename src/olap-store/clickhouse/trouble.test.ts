/** What goes wrong with a store, told in one message: tried on the embedded engine, and where that cannot err so, on a server that answers so. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { collect, windowRow } from '../../../test/contract/olap-store.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import { readEndpoint } from '../chdb/endpoint-file.ts';
import { superviseChdb } from '../chdb/supervisor.ts';
import type { OlapStore } from '../olap-store.ts';
import type { OlapEndpoint } from './address.ts';
import { createClickHouseStore, type ClickHouseStoreConfig } from './clickhouse-store.ts';
import { DEFAULT_RETENTION } from './retention.ts';
import { chdbMissing } from '../../../test/support/chdb.ts';

const DAY = 86_400_000;
const SKIP = chdbMissing();

function storeAt(t: TestContext, endpoint: OlapEndpoint, config: ClickHouseStoreConfig = {}): OlapStore {
  const store = createClickHouseStore(config, { endpoint: () => endpoint });
  t.after(() => store.close());
  return store;
}

async function refuses(work: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.match(error.message, message);
    assert.deepEqual([error.code, error.retryable], [code, code === 'olap_unavailable']);
    assert.ok(!error.message.includes('\n') && !error.message.includes('secret'), error.message);
    return true;
  });
}

async function listen(t: TestContext, server: Server): Promise<OlapEndpoint> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, username: 'me', password: 'secret' };
}

describe('an engine that refuses', { skip: SKIP }, () => {
  it('says what to mend: password, rights, tables, parts, retention', async (t) => {
    const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-trouble-'));
    const engine = superviseChdb({ dir }, { clock: systemClock, logger: silentLogger });
    t.after(async () => {
      await engine.stop();
      rmSync(dir, { recursive: true, force: true });
    });
    await engine.whenReady;
    const owner = engine.endpoint()!;
    const authorization = `Basic ${Buffer.from(`${owner.username}:${owner.password}`).toString('base64')}`;
    const command = async (body: string): Promise<string> => {
      const answer = await fetch(owner.url, { method: 'POST', headers: { authorization }, body });
      assert.equal(answer.status, 200, await answer.clone().text());
      return answer.text();
    };

    const { reader } = readEndpoint(dir)!;
    const asReader = storeAt(t, { url: owner.url, ...reader });
    await refuses(
      storeAt(t, { ...owner, password: 'secret' }).ping(),
      'olap_refused',
      /refused user or password\. Check TOCSIN_CLICKHOUSE_PASSWORD/,
    );
    await refuses(asReader.ping(), 'olap_refused', /gives this user too few rights .*GRANT SELECT, INSERT, ALTER, CREATE, DROP ON tocsin/);
    await refuses(storeAt(t, owner, { database: 'other' }).ping(), 'olap_refused', /too few rights/);

    const store = storeAt(t, owner, { retention: DEFAULT_RETENTION });
    await store.putWindows([windowRow('p', 1)]);
    // What is up to date needs no right but to read.
    await asReader.ping();
    assert.equal((await collect(asReader.windows({ pipeline: 'p' }, (rows) => rows))).length, 1);
    await refuses(asReader.putWindows([windowRow('p', 2)]), 'olap_refused', /too few rights|read only/);

    const ttlOf = (table: string) =>
      command(`SELECT extract(engine_full, 'TTL (.*?) SETTINGS') FROM system.tables WHERE database = 'tocsin' AND name = '${table}'`);
    assert.match(await ttlOf('windows'), /toIntervalDay\(30\) WHERE.*toIntervalDay\(365\) WHERE/);
    assert.equal(await ttlOf('windows_days'), '\n');
    const longer = { windowsMs: 90 * DAY, hoursMs: Infinity, daysMs: Infinity };
    await storeAt(t, owner, { retention: longer }).ping();
    assert.match(await ttlOf('windows'), /^stored_at \+ toIntervalDay\(90\) WHERE \(end_ms - start_ms\) < 3600000\n$/);
    assert.equal(await ttlOf('windows_hours'), '\n');
    await storeAt(t, owner).ping();
    assert.match(await ttlOf('windows'), /toIntervalDay\(90\)/, 'who only reads changes nothing');

    await command('ALTER TABLE tocsin.alerts MODIFY SETTING parts_to_delay_insert = 1, parts_to_throw_insert = 1');
    const alert = { alert_id: 'a', alert_time: '2026-01-05T00:00:00Z', alert_type: 't', severity: 'high', status: 'firing', labels: {} };
    const put = async (version: number) => store.putAlerts('p', [{ record: { ...alert, alert_id: `a${version}` }, version }]);
    const tooMany = async (): Promise<void> => {
      for (let version = 1; version < 5; version++) await put(version);
    };
    await refuses(tooMany(), 'olap_unavailable', /too many parts to merge .*parts_to_throw_insert/);

    await command('ALTER TABLE tocsin.dead_letters DROP COLUMN reason');
    await refuses(
      storeAt(t, owner).ping(),
      'data_format',
      /tables of another shape in database tocsin .*reason.*Name a database of Tocsin's own/,
    );
  });
});

describe('what is no ClickHouse, or an old one', () => {
  it('an old server is named with the version that is expected', async (t) => {
    const server = createHttpServer((_, response) => response.end('{"version":"22.8.5.29"}\n'));
    await refuses(storeAt(t, await listen(t, server)).ping(), 'olap_refused', /ClickHouse 22\.8\.5\.29; expected 24\.8 or newer/);
  });

  it('answers that may pass are waited for, others are not', async (t) => {
    let code = 0;
    const server = createHttpServer((request, response) => {
      request.resume();
      response.writeHead(500, { 'x-clickhouse-exception-code': String(code) });
      response.end(`Code: ${code}. DB::Exception: as the test says. (ERROR) (version 26.7.2.1)\n`);
    });
    const store = storeAt(t, await listen(t, server));
    const cases: [number, ErrorCode, RegExp][] = [
      [241, 'olap_unavailable', /out of memory.*max_server_memory_usage/],
      [202, 'olap_unavailable', /max_concurrent_queries/],
      [243, 'olap_unavailable', /no space left.*keep=14d/],
      [242, 'olap_unavailable', /read-only/],
      [159, 'olap_unavailable', /did not finish/],
      [164, 'olap_refused', /readonly = 2/],
      [62, 'olap_refused', /refused: .*as the test says.*code 62/],
    ];
    for (const [each, expected, message] of cases) {
      code = each;
      await refuses(store.ping(), expected, message);
    }
  });

  it('a port that is closed, speaks no HTTP or no TLS', async (t) => {
    const closed = createServer();
    const gone = await listen(t, closed);
    closed.close();
    await refuses(storeAt(t, gone).ping(), 'olap_unavailable', /cannot be reached \(ECONNREFUSED\)\. Check the address in --olap-store/);
    const native = createServer((socket) => void socket.on('data', () => socket.end('\u0002Port 9000 is for clickhouse-client program')));
    await refuses(storeAt(t, await listen(t, native)).ping(), 'olap_refused', /does not speak HTTP.*8123/);
    const plain = await listen(
      t,
      createHttpServer((_, response) => void response.end('x')),
    );
    await refuses(
      storeAt(t, { ...plain, url: plain.url.replace('http:', 'https:') }).ping(),
      'olap_refused',
      /no TLS is spoken there .*Write http:\/\//,
    );
    const silent = createServer(() => {});
    await refuses(
      storeAt(t, await listen(t, silent), { requestTimeoutMs: 200 }).ping(),
      'olap_unavailable',
      /cannot be reached \(Timeout error\.\)/,
    );
  });
});
