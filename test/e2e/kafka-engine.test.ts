/** ClickHouse's Kafka engine reads `p.windows` from a real broker, by the file that is given to users: its rows are those that Tocsin shows. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { MIGRATIONS } from '../../src/olap-store/clickhouse/migrations.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { service } from '../support/services.ts';
import { ownPipeline } from './own-pipeline.ts';
import { SAMPLE } from './sample-checks.ts';
import { objects, output, ROOT, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');

interface Shown extends Record<string, unknown> {
  readonly window_start: string;
  readonly window: string;
  readonly version: string;
}

test('what ClickHouse reads from the broker is what Tocsin shows', { skip: kafka.skip || sampleMissing }, async (t) => {
  const chdb = await import('chdb').catch(() => undefined);
  if (!chdb) return t.skip('chDB is not installed here');
  const dir = temporary(t);
  const { file, name } = ownPipeline(dir, 1);
  const log = ['--log', `kafka://${kafka.address}`, '--data', path.join(dir, 'data')];
  await output(['run', file, ...log, '--input', SAMPLE, '--once', '--quiet', '--olap-store', 'none']);
  const shown = await objects<Shown>(['windows', ...log, '--pipeline', name, '--json']);
  assert.ok(shown.length > 606);

  const folder = mkdtempSync(path.join(tmpdir(), 'tocsin-kafka-engine-'));
  const session = new chdb.Session(folder);
  t.after(() => {
    session.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await session.queryAsync('CREATE DATABASE tocsin');
  for (const { statements } of MIGRATIONS) for (const sql of statements) await session.queryAsync(sql.replaceAll('{db}', 'tocsin'));
  const text = readFileSync(path.join(ROOT, 'deploy/clickhouse/kafka-engine.sql'), 'utf8').replaceAll(/^\s*--.*$/gm, '');
  const own = text.replace('kafka:9092', kafka.address).replace('adtech.windows', `${name}.windows`);
  for (const sql of own.split(/;\s*$/m).filter((each) => each.trim() !== '')) await session.queryAsync(sql);

  const count = async (): Promise<number> => Number((await session.queryAsync('SELECT count() FROM tocsin.windows FINAL')).text());
  await until('ClickHouse to read the topic', async () => (await count()) >= shown.length);
  const sql = 'SELECT window_start, window, labels, measures, final, corrections, toString(version) AS version FROM tocsin.windows_merged';
  const rows = (await session.queryAsync(sql, { format: 'JSONEachRow' })).text().trim().split('\n');
  const flat = rows.map((line) => {
    const { labels, measures, window_start, ...row } = JSON.parse(line) as Shown & { labels: object; measures: object };
    return { ...row, ...labels, ...measures, window_start: `${window_start.replace(' ', 'T')}Z`, final: Boolean(row['final']) };
  });
  const key = (row: Shown & { country?: unknown; ad_format?: unknown }): string =>
    JSON.stringify([row.window_start, row.window, row.country, row.ad_format]);
  const expected = new Map(shown.map(({ window_end: _end, ...row }) => [key(row as Shown), row]));
  assert.deepEqual(new Map(flat.map((row) => [key(row as unknown as Shown), row])), expected);
});
