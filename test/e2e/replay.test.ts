/** `tocsin replay`: the same rows again, to the last bit, in stores that were emptied; more of them after a new measure; and nobody is told. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openEmbeddedStore } from '../../src/olap-store/chdb/open.ts';
import { flatRow, mergeRows } from '../../src/windows/row-merge.ts';
import { revisionOf } from '../../src/windows/row-version.ts';
import { collect } from '../contract/olap-store.ts';
import { startServer } from '../support/http-server.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { SAMPLE, waryPipeline } from './sample-checks.ts';
import { objects, output, startFor, tocsin, until } from './tocsin.ts';
import { chdbMissing } from '../support/chdb.ts';
import { temporary } from '../support/temporary.ts';

interface Row extends Record<string, unknown> {
  readonly version: string;
  readonly window_start: string;
}

/** The sample, run once with a receiver that was told of its alerts. */
async function played(t: TestContext, olapStore: string) {
  const dir = temporary(t);
  const pager = await startServer(t, (_, response) => response.writeHead(200).end());
  const file = waryPipeline(dir);
  writeFileSync(file, `${readFileSync(file, 'utf8')}\nreceivers:\n  desk: { type: webhook, url: "${pager.origin}/hook" }\n`);
  const data = path.join(dir, 'data');
  const first = await output(['run', file, '--input', SAMPLE, '--once', '--notify', '--json', '--data', data, '--olap-store', olapStore]);
  assert.ok(pager.received.length > 50, 'the receiver works');
  const rows = (): Promise<Row[]> => objects<Row>(['windows', '--data', data, '--json']);
  return { dir, file, data, pager, first: JSON.parse(first) as Record<string, unknown>, rows };
}

/** What does not say by which revision a row was made: the rest of its version is its offsets. */
function ofRevision(rows: readonly Row[], revision: number): unknown[] {
  return rows.map((row) => {
    assert.equal(revisionOf(row.version), revision);
    return { ...row, version: String(BigInt(row.version) & (2n ** 54n - 1n)) };
  });
}

test(
  'from the beginning into an emptied store: every row as it was, to the last bit, and nobody is paged',
  { skip: sampleMissing || chdbMissing() },
  async (t) => {
    // prettier-ignore
    const { file, data, pager, first, rows } = await played(t, 'embedded');
    const before = await rows();
    const alerts = await objects(['alerts', '--data', data, '--json']);
    rmSync(path.join(data, 'olap'), { recursive: true });
    const paged = pager.received.length;
    // By event time, as it was run.
    const replay = ['replay', file, '--from', '0', '--data', data, '--json'];
    const told = JSON.parse(await output(replay)) as Record<string, unknown>;
    assert.equal(pager.received.length, paged);
    const { pipeline, revision, partitions, records, ...summary } = told;
    assert.deepEqual([told['clock'], told['complete_from'], told['left']], ['event', null, { rows: 0, windows: 0 }]);
    assert.deepEqual([pipeline, revision, partitions, records], ['adtech', 2, [{ name: 'ad-events/0', from: 0, to: 5021 }], 5021]);
    assert.deepEqual([summary['events'], summary['windows']], [first['events'], first['windows']]);
    assert.deepEqual(ofRevision(await rows(), 2), ofRevision(before, 1));
    assert.deepEqual(await objects(['alerts', '--data', data, '--json']), alerts, 'what rang before does not ring again');

    const store = await openEmbeddedStore(data, { clock: systemClock });
    t.after(() => store.close());
    const stored = await collect(store.windows({ pipeline: 'adtech' }, (found) => found));
    assert.deepEqual(mergeRows(stored, loadPipeline(file).engine.measures).map(flatRow), await rows());
  },
);

test('a new measure, a part by offset or by time, and what cannot be replayed', { skip: sampleMissing }, async (t) => {
  const { dir, file, data, pager, rows } = await played(t, 'none');
  const paged = pager.received.length;
  const before = await rows();
  writeFileSync(file, readFileSync(file, 'utf8').replace('  ctr: {', '  spend: { sum: revenue }\n  ctr: {'));
  const replay = (...args: string[]) => tocsin(['replay', file, '--data', data, '--olap-store', 'none', ...args]);
  const told = await replay('--from', 'earliest', '--clock', 'event', '--to', '3000');
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stderr, /replay of pipeline adtech: 3,000 records are read again\n {2}ad-events\/0 from offset 0 up to 3000\n/);
  assert.match(told.stderr, /The file has changed since: all windows .* as revision 2 in the place of 1\.[^]*Nobody is notified/);
  assert.match(
    told.stdout,
    /adtech: 3,000 records\n[^]*\n {2}invalid because of \w+.*\n {2}they lie whole in the dead-letter queue: tocsin dlq list --data /,
  );
  assert.match(told.stderr, /[\d,]+ rows, in \d+ windows, are still of an older revision/);
  const half = await rows();
  const anew = half.filter(({ version }) => revisionOf(version) === 2);
  assert.ok(anew.length > 100 && anew.length < before.length);
  assert.ok(anew.every((row) => row['spend'] === row['revenue']));
  // The next run goes on where it ended.
  await output(['run', file, '--once', '--data', data, '--olap-store', 'none', '--quiet']);
  const all = await rows();
  const without = all.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'spend')) as Row);
  assert.deepEqual(ofRevision(without, 2), ofRevision(before, 1));
  assert.equal(pager.received.length, paged);

  const late = await replay('--from', '4000', '--clock', 'append', '--json');
  assert.equal(late.code, 0, late.stderr);
  const { records, revision, partitions } = JSON.parse(late.stdout) as {
    records: number;
    revision: number;
    partitions: { from: number; to: number }[];
  };
  assert.equal(revision, 3);
  assert.ok(records === 1_021 && partitions[0]!.from === 4_000 && partitions[0]!.to === 5_021);

  const wrong: [string[], RegExp][] = [
    [['--from', '4000', '--clock', 'event'], /by event time .* begins at the beginning/],
    [['--from', '6000'], /nothing to read between --from and --to: ad-events\/0 from 5021 to 5021/],
    [['--from', '100', '--to', '50'], /nothing to read between --from and --to/],
    [['--from', 'yesterday'], /Expected earliest, an offset \(120000\), a time/],
    [[], /required option '--from/],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await replay(...args);
    assert.deepEqual([code, message.test(stderr)], [2, true], stderr);
  }
  const other = path.join(dir, 'other');
  const nothing = await tocsin(['replay', file, '--from', 'earliest', '--data', other]);
  assert.deepEqual([nothing.code, /data directory|no such/i.test(nothing.stderr)], [2, true], nothing.stderr);
});

test('what a receiver is owed when a replay comes is told by the run after it', { timeout: 180_000 }, async (t) => {
  const dir = temporary(t);
  const [dead, desk] = [await startServer(t, () => {}), await startServer(t, (_, response) => void response.end())];
  const file = path.join(dir, 'owed.yml');
  writeFileSync(
    file,
    [
      'pipeline: owed',
      'source: { topic: orders }',
      'event: { id: id, time: at, out_of_orderness: 0s }',
      'dimensions: [shop]',
      'measures: { orders: { count: events } }',
      'windows: [1s]',
      'detect: { orders: { detector: threshold, above: 1 } }',
      'receivers: { desk: { type: webhook, url: "${OWED_DESK}" } }',
      '',
    ].join('\n'),
  );
  const common = [file, '--data', path.join(dir, 'data'), '--olap-store', 'none'];
  const run = (origin: string) => startFor(t, ['run', ...common, '--listen', '127.0.0.1:0'], { env: { OWED_DESK: origin } });
  const idsOf = (server: typeof desk): unknown[] => server.received.map(({ body }) => (JSON.parse(body) as { alert_id: string }).alert_id);

  const first = run(dead.origin);
  const url = await until('the address', () => /(http:\/\/127\.0\.0\.1:\d+)/.exec(first.stderr())?.[1] ?? false);
  const begin = Math.floor(Date.now() / 1_000) * 1_000 - 60_000;
  const orders = [0, 1, 2].flatMap((second) =>
    [0, 1].map((n) => JSON.stringify({ id: `${second}-${n}`, at: new Date(begin + second * 1_000 + n).toISOString(), shop: 'main' })),
  );
  const headers = { 'content-type': 'application/x-ndjson' };
  assert.equal((await fetch(`${url}/api/v1/events/orders`, { method: 'POST', headers, body: orders.join('\n') })).status, 202);
  await until('the first attempt', () => dead.received.length > 0);
  const stopped = await first.stop('SIGINT');
  assert.equal(stopped.code, 0, stopped.stderr);

  // The shell of who replays lacks the address, which is a secret.
  const { code, stderr } = await tocsin(['replay', ...common, '--from', 'earliest', '--yes']);
  assert.equal(code, 0, stderr);
  run(desk.origin);
  await until('word of it', () => desk.received.length > 0);
  assert.deepEqual(idsOf(desk), idsOf(dead).slice(0, 1));
});
