/** Attacks on the embedded engine over its port, each with the read-only user's or with no password. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { createClickHouseStore } from '../clickhouse/clickhouse-store.ts';
import { windowRow } from '../../../test/contract/olap-store.ts';
import { readEndpoint, type EndpointFile } from './endpoint-file.ts';
import { superviseChdb, type ChdbSupervisor } from './supervisor.ts';
import { chdbMissing } from '../../../test/support/chdb.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

describe('attacks on the embedded engine', { skip: chdbMissing() }, () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-attack-'));
  const secret = path.join(dir, 'secret.txt');
  let engine: ChdbSupervisor;
  let file: EndpointFile;

  before(async () => {
    writeFileSync(secret, 'the-secret\n');
    engine = superviseChdb({ dir }, { clock: systemClock, logger: silentLogger });
    await engine.whenReady;
    file = readEndpoint(dir)!;
    const store = createClickHouseStore({}, { endpoint: engine.endpoint });
    await store.putWindows([windowRow('ads', 0)]);
    await store.close();
  });
  after(async () => {
    await engine?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Sent by hand: `fetch` does not let one choose Host and Origin. */
  function ask(
    sql: string,
    more: { role?: 'owner' | 'reader' | 'none'; address?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const account = more.role === 'none' ? undefined : file[more.role ?? 'reader'];
    const authorization = account && `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
    return new Promise((resolve, reject) => {
      const headers = { ...(authorization !== undefined && { authorization }), ...more.headers };
      const sent = httpRequest(`${file.url}/${more.address ?? ''}`, { method: 'POST', headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
      });
      sent.on('error', reject);
      sent.end(sql);
    });
  }
  const count = async (): Promise<string> => (await ask('SELECT count() FROM windows')).text.trim();

  it('lets a reader read', async () => {
    assert.deepEqual(await ask("SELECT labels['country'] FROM tocsin.windows"), { status: 200, text: 'US\n' });
    assert.deepEqual(await ask('SELECT 1 AS one FORMAT JSONEachRow'), { status: 200, text: '{"one":1}\n' });
    assert.equal(
      (await ask('SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name')).text.split('\n')[0],
      'alerts',
    );
  });

  for (const sql of [
    'DROP TABLE windows',
    'TRUNCATE TABLE windows',
    'ALTER TABLE windows DELETE WHERE 1',
    'OPTIMIZE TABLE windows FINAL',
    "INSERT INTO windows (pipeline) VALUES ('x')",
    'INSERT INTO tocsin.windows (pipeline) FORMAT JSONEachRow {"pipeline":"x"}',
    'CREATE TABLE t (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE t (a Int8)',
    'CREATE FUNCTION f AS x -> x',
    'SET readonly = 0',
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_execution_time = 0',
    'SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)',
    'SELECT 1; DROP TABLE windows',
    "EXPLAIN SELECT * FROM file('SECRET')",
    "DESCRIBE TABLE file('SECRET')",
    "SELECT * FROM file('SECRET', 'LineAsString')",
    "SELECT file('SECRET')",
    "SELECT * FROM (SELECT * APPLY(file) FROM (SELECT 'SECRET'))",
    "SELECT arrayMap(file, ['SECRET'])",
    "SELECT * FROM 'SECRET'",
    'SELECT * FROM `SECRET`',
    "SELECT * FROM format(CSV, 'a', 'x') INTO OUTFILE 'OUT'",
    "SELECT 1 INTO OUTFILE 'OUT'",
    "SELECT 1 INTO OUTFILE 'OUT' TRUNCATE AND STDOUT",
    "INSERT INTO windows (pipeline) FROM INFILE 'SECRET' FORMAT CSV",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:1/a', 'CSV')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('SECRET', 't')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM filesystem('DIR')",
    "SELECT * FROM merge('tocsin', '.*')",
    "SELECT * FROM loop('tocsin', 'windows')",
    "SELECT * FROM viewExplain('', '', (SELECT 1))",
    "BACKUP DATABASE tocsin TO File('OUT')",
    'SELECT * FROM system.users',
    'SELECT * FROM system.processes',
    'SELECT * FROM `system` /* */ . "disks"',
    'SELECT * FROM system.tables AS t, system.disks',
    'SHOW PROCESSLIST',
    'SELECT * FROM system.settings',
    'SYSTEM FLUSH LOGS',
    "SELECT catboostEvaluate('SECRET', 1)",
    'SELECT addressToLine(1)',
    "SELECT reverseDNSQuery('127.0.0.1')",
  ]) {
    it(`refuses: ${sql}`, async () => {
      const out = path.join(dir, 'out.txt');
      const { status, text } = await ask(sql.replaceAll('SECRET', secret).replaceAll('OUT', out).replaceAll('DIR', dir));
      assert.ok(status >= 400, `${status} ${text.slice(0, 300)}`);
      assert.doesNotMatch(text, /the-secret/);
      assert.match(text, /^Code: \d+\. DB::Exception: /);
      assert.ok(!existsSync(out));
      assert.equal(await count(), '1');
    });
  }

  it('has no way to files and the network for its own user either', async () => {
    for (const sql of [`SELECT * FROM file('${secret}', 'LineAsString')`, "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"]) {
      assert.match((await ask(sql, { role: 'owner' })).text, /Not enough privileges/);
    }
  });

  it('changes no setting by the address', async () => {
    for (const setting of ['readonly=0', 'allow_ddl=1', 'max_memory_usage=0', 'format_schema=a', 'profile=default', 'param=1']) {
      assert.match((await ask('SELECT 1', { address: `?${setting}` })).text, /Code: 164\./);
    }
    assert.match((await ask('SELECT 1', { address: '?default_format=CSV%0AINTO' })).text, /Code: 73\./);
    assert.match((await ask('SELECT 1', { address: '?database=system' })).text, /Code: 81\./);
  });

  it('bounds a query in time, memory and the length of its answer and of itself', async () => {
    assert.match((await ask('SELECT groupArray(number) FROM numbers(1000000000)')).text, /MEMORY_LIMIT_EXCEEDED/);
    assert.match((await ask("SELECT repeat('x', 1000) FROM numbers(1000000)")).text.slice(0, 500), /MEMORY_LIMIT_EXCEEDED/);
    assert.match((await ask('SELECT number FROM numbers(50000000)')).text.slice(0, 500), /TOO_MANY_ROWS_OR_BYTES/);
    assert.equal((await ask("SELECT getSetting('max_execution_time')")).text, '30\n');
    const long = await ask(`SELECT '${'x'.repeat(2 << 20)}'`).catch((error: NodeJS.ErrnoException) => error);
    // The connection is closed on whoever goes on sending; the answer may be lost then.
    if (long instanceof Error) assert.ok(['EPIPE', 'ECONNRESET'].includes(long.code ?? ''), long.code);
    else assert.equal(long.status, 413);
  });

  it('puts nothing of a failed answer into the next one', async () => {
    for (const role of ['reader', 'owner'] as const) {
      for (let i = 0; i < 4; i++) {
        const failed = await ask('SELECT number, throwIf(number = 99999) FROM numbers(100000)', { role });
        assert.match(failed.text, /^Code: 395\./);
        assert.equal((await ask('SELECT 1', { role })).text, '1\n');
      }
    }
  });

  it('lets nobody wait for a reader', async () => {
    const slow = Promise.all([0, 1].map(() => ask('SELECT sum(sipHash64(number)) FROM numbers(40000000)')));
    let done = false;
    void slow.finally(() => (done = true));
    assert.equal((await ask('SELECT 1', { role: 'owner' })).text, '1\n');
    assert.equal((await ask('', { role: 'none', address: 'ping' })).text, 'Ok.\n');
    assert.equal(done, false, 'the slow queries were over too soon to tell');
    await slow;
  });

  it('sends more readers away than may wait', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask('SELECT sum(sipHash64(number)) FROM numbers(5000000)')));
    const busy = answers.filter(({ status }) => status === 503);
    assert.ok(busy.length > 0 && busy.length <= 22, String(busy.length));
    assert.match(busy[0]!.text, /Code: 202\./);
    assert.ok(answers.every(({ status }) => status === 200 || status === 503));
  });

  it('answers nobody without a password, nor with a wrong one', async () => {
    assert.equal((await ask('SELECT 1', { role: 'none' })).status, 401);
    const wrong = { authorization: `Basic ${Buffer.from('reader:wrong').toString('base64')}` };
    assert.equal((await ask('SELECT 1', { role: 'none', headers: wrong })).status, 403);
    assert.equal((await ask('SELECT 1', { role: 'none', headers: { 'x-clickhouse-user': 'default' } })).status, 403);
  });

  it('answers no web page, and no name that was rebound to this machine', async () => {
    for (const headers of [
      { host: 'evil.example' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      for (const address of ['', 'ping']) assert.equal((await ask('SELECT 1', { headers, address })).status, 403);
    }
  });
});
