import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { collect, testOlapStore, windowRow } from '../../../test/contract/olap-store.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import type { WindowRow } from '../../windows/row.ts';
import { createClickHouseStore } from '../clickhouse/clickhouse-store.ts';
import { MIGRATIONS } from '../clickhouse/migrations.ts';
import type { OlapStore } from '../olap-store.ts';
import { readEndpoint, endpointPath, type EndpointFile } from './endpoint-file.ts';
import { openEmbeddedStore } from './open.ts';
import { superviseChdb, type ChdbSupervisor } from './supervisor.ts';
import { chdbMissing } from '../../../test/support/chdb.ts';

const SKIP = chdbMissing();
const folders: string[] = [];
after(() => folders.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

/** Why not, where chDB cannot be used. */

function folder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-olap-'));
  folders.push(dir);
  return dir;
}

const supervise = (dir: string, probes: { readonly probeEveryMs?: number; readonly probeTimeoutMs?: number } = {}): ChdbSupervisor =>
  superviseChdb({ dir, backOffMs: [20, 100], ...probes }, { clock: systemClock, logger: silentLogger });

async function withEngine(
  work: (dir: string, engine: ChdbSupervisor, store: OlapStore) => Promise<void>,
  probes?: Parameters<typeof supervise>[1],
): Promise<void> {
  const dir = folder();
  const engine = supervise(dir, probes);
  const store = createClickHouseStore({ batchRows: 50 }, { endpoint: engine.endpoint });
  try {
    await engine.whenReady;
    await work(dir, engine, store);
  } finally {
    await store.close();
    await engine.stop();
  }
}

const rowsOf = (store: OlapStore, pipeline: string): Promise<WindowRow[]> => collect(store.windows({ pipeline }, (found) => found));

/** Puts until it succeeds, as the pipeline does. */
async function putUntilStored(store: OlapStore, rows: readonly WindowRow[]): Promise<number> {
  for (let failed = 0; ; failed++) {
    try {
      await store.putWindows(rows);
      return failed;
    } catch (error) {
      assert.ok(error instanceof AppError && error.retryable, String(error));
      assert.ok(failed < 2_000, 'the engine never came back');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

testOlapStore(
  'embedded chDB',
  async () => {
    const engine = supervise(folder());
    await engine.whenReady;
    const store = createClickHouseStore({ batchRows: 3, columnRows: 3 }, { endpoint: engine.endpoint });
    return {
      store,
      dispose: async () => {
        await store.close();
        await engine.stop();
      },
    };
  },
  SKIP,
);

describe('the embedded engine', { skip: SKIP }, () => {
  it('loses and doubles nothing when it is killed in the middle of work', () =>
    withEngine(async (_, engine, store) => {
      const rows = Array.from({ length: 1_000 }, (_unused, minute) => windowRow('killed', minute, { version: String(minute + 1) }));
      let failures = 0;
      for (let at = 0, kills = 0; at < rows.length; at += 200) {
        const put = putUntilStored(store, rows.slice(at, at + 200));
        if (kills++ < 3) setTimeout(() => process.kill(engine.pid()!, 'SIGKILL'), 15);
        failures += await put;
        // What was stored before a kill is put again by a pipeline that was killed, too.
        failures += await putUntilStored(store, rows.slice(Math.max(0, at - 100), at + 200));
      }
      assert.ok(failures > 0, 'no kill hit a put');
      assert.deepEqual(await rowsOf(store, 'killed'), rows);
    }));

  it('keeps what it stored, its users and its address over a restart, though the disk was full when a table was made', () =>
    withEngine(async (dir, engine, store) => {
      await store.putWindows([windowRow('kept', 1)]);
      const before = readEndpoint(dir)!;
      const [made] = globSync('olap/data/store/*/*/windows.sql', { cwd: dir });
      writeFileSync(path.join(dir, made!, '../half_made.sql'), '');
      process.kill(before.pid, 'SIGKILL');
      await putUntilStored(store, [windowRow('kept', 2)]);
      const { pid, ...now } = readEndpoint(dir)!;
      assert.notEqual(pid, before.pid);
      assert.equal(pid, engine.pid());
      assert.deepEqual(now, { url: before.url, database: before.database, owner: before.owner, reader: before.reader });
      assert.equal((await rowsOf(store, 'kept')).length, 2);
    }));

  it('is started again when it hangs', () =>
    withEngine(
      async (_, engine, store) => {
        await store.ping();
        const hung = engine.pid()!;
        const stopped = createClickHouseStore({ requestTimeoutMs: 500 }, { endpoint: engine.endpoint });
        process.kill(hung, 'SIGSTOP');
        await putUntilStored(stopped, [windowRow('hung', 1)]);
        assert.notEqual(engine.pid(), hung);
        await stopped.close();
      },
      { probeEveryMs: 100, probeTimeoutMs: 1_000 },
    ));

  it('writes its passwords for its owner alone, and removes them when it stops', async () => {
    const dir = folder();
    const engine = supervise(dir);
    await engine.whenReady;
    after(() => engine.stop());
    assert.equal(statSync(endpointPath(dir)).mode & 0o777, 0o600);
    const { owner, reader } = readEndpoint(dir)!;
    assert.ok(owner.password.length >= 32 && reader.password.length >= 32 && owner.password !== reader.password);
    const pid = engine.pid()!;
    await engine.stop();
    assert.equal(existsSync(endpointPath(dir)), false);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    assert.equal(engine.endpoint(), undefined);
  });

  it('serves a command beside the one that runs it, and without', async () => {
    const dir = folder();
    const engine = supervise(dir);
    await engine.whenReady;
    after(() => engine.stop());
    const beside = await openEmbeddedStore(dir, { clock: systemClock });
    await beside.putWindows([windowRow('command', 1)]);
    assert.ok(!(await rollUpStates(dir)).includes('Disabled'), 'the one that runs rolls up');
    await beside.close();
    const { pid } = readEndpoint(dir)!;
    assert.equal(pid, engine.pid(), 'the command used what was there');
    await engine.stop();
    const alone = await openEmbeddedStore(dir, { clock: systemClock });
    assert.equal((await rowsOf(alone, 'command')).length, 1);
    // A command does not pay for hours and days that it never sees: what had begun is given up soon after.
    while ((await rollUpStates(dir)).some((state) => state !== 'Disabled')) await sleep(20);
    await alone.close();
    assert.equal(existsSync(endpointPath(dir)), false);
  });

  it('lets one process at a time work on a folder, and says so', () =>
    withEngine(async (dir) => {
      const second = superviseChdb({ dir, restart: false }, { clock: systemClock, logger: silentLogger });
      await assert.rejects(second.whenReady, /The OLAP engine did not start: another engine works on/);
      await second.stop();
      assert.ok(existsSync(endpointPath(dir)), 'the file of the first one stays');
    }));

  it('ends with its parent, also when that is killed', async () => {
    const dir = folder();
    const script = `import { superviseChdb } from ${JSON.stringify(new URL('./supervisor.ts', import.meta.url).href)};
      import { systemClock } from ${JSON.stringify(new URL('../../core/clock.ts', import.meta.url).href)};
      const engine = superviseChdb({ dir: ${JSON.stringify(dir)} }, { clock: systemClock, logger: { info() {}, warn() {} } });
      await engine.whenReady;
      process.stdout.write('ready\\n');
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface({ input: parent.stdout }), 'line');
    const orphan = readEndpoint(dir)!;
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    // Neither the file that was left behind nor the lock of the dying engine keeps the next one from starting.
    const next = supervise(dir);
    const store = createClickHouseStore({}, { endpoint: next.endpoint });
    try {
      await putUntilStored(store, [windowRow('orphan', 1)]);
      assert.notEqual(next.pid(), orphan.pid);
      if (readEndpoint(dir)!.url !== orphan.url) await assert.rejects(fetch(`${orphan.url}/ping`));
    } finally {
      await store.close();
      await next.stop();
    }
  });

  it('refuses tables of a newer version, with what to do', () =>
    withEngine(async (_, engine) => {
      const newer = [...MIGRATIONS, { number: 99, name: 'of the future', statements: [] }];
      const future = createClickHouseStore({}, { endpoint: engine.endpoint, migrations: newer });
      await future.ping();
      await future.close();
      const now = createClickHouseStore({}, { endpoint: engine.endpoint });
      await assert.rejects(
        now.ping(),
        (error) => error instanceof AppError && error.code === 'data_format' && /version 99/.test(error.message),
      );
      await now.close();
    }));

  it('shows measures one a row to people, and to curl', () =>
    withEngine(async (dir, _, store) => {
      await store.putWindows([
        windowRow('people', 0, { measures: { clicks: 3, ctr: null } }),
        windowRow('people', 0, { origin: 'replay' }),
      ]);
      const file = readEndpoint(dir) as EndpointFile;
      const sql = "SELECT window_start, labels['country'] AS country, measure, value FROM kpis WHERE pipeline = 'people' ORDER BY measure";
      const { reader } = file;
      const { stdout } = await promisify(execFile)('curl', [
        '-sS',
        '--user',
        `${reader.username}:${reader.password}`,
        file.url,
        '--data-binary',
        sql,
      ]);
      assert.equal(stdout, '2026-01-05 00:00:00.000\tUS\tclicks\t3\n2026-01-05 00:00:00.000\tUS\tctr\t\\N\n');
    }));
});

/** Of the views that make hours and days. */
async function rollUpStates(dir: string): Promise<string[]> {
  const { url, owner } = readEndpoint(dir)!;
  const authorization = `Basic ${Buffer.from(`${owner.username}:${owner.password}`).toString('base64')}`;
  const body = 'SELECT DISTINCT status FROM system.view_refreshes FORMAT TSV';
  const response = await fetch(url, { method: 'POST', headers: { authorization }, body });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text.trim().split('\n');
}
