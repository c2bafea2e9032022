/** The readers of docs/idempotency.md, on a log whose records come shuffled, twice, and of two revisions. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { createRandom } from '../../src/core/random.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { codeOf } from './page-code.ts';
import { ndjson, output } from './tocsin.ts';

const START = Date.UTC(2026, 2, 2, 9);
const random = createRandom(20_260_302);

const pipeline = (dimensions: string, rollups: string): string => `
pipeline: shop
source: { topic: orders }
event: { id: id, time: at, out_of_orderness: 2s, allowed_lateness: 1m }
dimensions: [${dimensions}]
measures: { orders: { count: events }, revenue: { sum: amount } }
windows: [10s]
rollups: ${rollups}
`;

/** Ten minutes, each tenth event half a minute late: corrections. */
function orders(): string {
  const lines = Array.from({ length: 3_000 }, (_, i) => {
    const at = new Date(START + i * 200 - (i % 10 === 0 ? 30_000 : 0)).toISOString();
    return JSON.stringify({ id: `o${i}`, at, country: ['KR', 'DE'][i % 2], device: ['ios', 'web'][i % 3] ?? 'tv', amount: i % 7 });
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** What is compared: of a row its place, its version and its values. */
const shown = (row: Record<string, unknown>): string =>
  JSON.stringify(['window', 'window_start', 'country', 'device', 'version', 'orders', 'revenue'].map((name) => row[name] ?? null));
const flat = ({ window, window_start, version, labels, measures }: WindowRow): string =>
  shown({ window, window_start, version, ...labels, ...measures });

describe('the readers of docs/idempotency.md', () => {
  let dir: string;
  let wanted: string[];
  let told: string[];

  before(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'tocsin-idempotency-'));
    const file = path.join(dir, 'shop.yml');
    const input = path.join(dir, 'orders.ndjson');
    const data = path.join(dir, 'data');
    writeFileSync(input, orders());
    const run = ['run', file, '--input', input, '--once', '--json', '--olap-store', 'none', '--data', data];
    writeFileSync(file, pipeline('country, device', '[[country], []]'));
    await output(run);
    writeFileSync(file, pipeline('country', '[[]]'));
    await output([...run, '--from', 'earliest']);

    const records = (await output(['log', 'tail', 'shop.windows', '--from-beginning', '--data', data])).split('\n').filter(Boolean);
    const keyed = [...records, ...records].map((line) => ({ line, at: random.below(2 ** 30) }));
    told = keyed.sort((a, b) => a.at - b.at).map(({ line }) => line);
    wanted = ndjson(await output(['windows', '--data', data, '--json']))
      .map(shown)
      .sort();
    assert.ok(wanted.length > 150 && wanted.length < records.length / 2, `${wanted.length} rows of ${records.length} records`);
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  function kept(command: string, name: string, code: string | undefined): string[] {
    const script = path.join(dir, name);
    writeFileSync(script, code ?? assert.fail(`no code for ${name}`));
    const input = told.map((line) => `${line}\n`).join('');
    const { status, stdout, stderr } = spawnSync(command, [script], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(status, 0, stderr);
    return ndjson<WindowRow>(stdout).map(flat).sort();
  }

  const python = spawnSync('python3', ['--version']).status === 0;
  it('Python keeps the newest', { skip: !python && 'needs python3' }, () => {
    assert.deepEqual(kept('python3', 'newest.py', codeOf('idempotency.md', 'python')[0]), wanted);
  });

  it('Node.js keeps the newest', () => {
    assert.deepEqual(kept(process.execPath, 'newest.mjs', codeOf('idempotency.md', 'js')[0]), wanted);
  });

  it('SQL keeps the newest', () => {
    const [create = '', upsert = ''] = codeOf('idempotency.md', 'sql')[0]!.split('\n\n');
    const database = new DatabaseSync(':memory:');
    database.exec(create);
    const insert = database.prepare(upsert);
    for (const line of told) {
      const row = JSON.parse(line) as WindowRow;
      // Of the newest revision alone: the page says to delete the others.
      if (row.kind !== 'row' || BigInt(row.version) >> 54n !== 2n) continue;
      const { pipeline: name, window, window_start, labels, origin, version } = row;
      const place = { pipeline: name, window, window_start, labels: JSON.stringify(labels, Object.keys(labels).sort()), origin };
      insert.run({ ...place, version: version.padStart(20, '0'), record: line });
    }
    const records = database.prepare('SELECT record FROM kpis').all() as { record: string }[];
    assert.deepEqual(records.map(({ record }) => flat(JSON.parse(record) as WindowRow)).sort(), wanted);
    database.close();
  });

  it('an alert that stands there twice is news once', () => {
    const code = codeOf('idempotency.md', 'js')[1]!;
    const isNews = runInNewContext(`${code}\nisNews;`) as (alert: object) => boolean;
    const fired = { alert_id: 'a', status: 'firing', repeat: 0 };
    const news = [fired, fired, { ...fired, repeat: 1 }, { ...fired, status: 'resolved' }, fired].map(isNews);
    assert.deepEqual(news, [true, false, true, true, false]);
  });
});
