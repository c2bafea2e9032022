/** The shop's pipeline from end to end: the generator's own count of outcomes, a schema mended while there is state, dead letters sent in again. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import type { WindowRecord, WindowRow } from '../../src/windows/row.ts';
import { mergeRows } from '../../src/windows/row-merge.ts';
import type { GenerateSummary } from '../../src/sources/commerce/generate.ts';
import { differences } from '../oracle/compare.ts';
import { judge } from '../oracle/oracle.ts';
import type { OracleRecord } from '../oracle/record.ts';
import { ndjson, objects, output, printedSeed, ROOT, tocsin } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const TOPICS = { clicks: 'clickstream', orders: 'orders' } as const;
const STREAMS = ['clicks', 'orders'] as const;

interface RunSummary {
  readonly events: Readonly<Record<string, number>>;
}
interface Letter {
  readonly topic: string;
  readonly outcome: string;
  readonly reason: string;
  readonly replay?: { readonly outcome: string; readonly reason?: string };
}

async function generated(dir: string, name: string, seed: number, start: string, length: string) {
  const out = path.join(dir, name);
  const [summary] = await objects<GenerateSummary>([
    'generate',
    'commerce',
    '--out',
    out,
    '--for',
    length,
    '--start',
    start,
    '--rate',
    '12',
    '--seed',
    `${seed}`,
    '--json',
  ]);
  assert.deepEqual(summary, JSON.parse(readFileSync(path.join(out, 'summary.json'), 'utf8')));
  const lines = (stream: (typeof STREAMS)[number]): string[] =>
    readFileSync(path.join(out, `${stream}.ndjson`), 'utf8')
      .trimEnd()
      .split('\n');
  return { out, summary: summary!, lines: STREAMS.map(lines) };
}

test('outcomes are those that the generator counted; after a schema fix and a replay the totals are those of all events at once', async (t) => {
  const seed = printedSeed(t) % 1_000_000;
  const dir = temporary(t);
  const data = path.join(dir, 'data');
  // A copy of the pipeline, whose schemas can be mended.
  cpSync(path.join(ROOT, 'pipelines/commerce.yml'), path.join(dir, 'pipelines/commerce.yml'));
  cpSync(path.join(ROOT, 'pipelines/schemas'), path.join(dir, 'pipelines/schemas'), { recursive: true });
  const file = path.join(dir, 'pipelines/commerce.yml');
  const run = async (where = data): Promise<RunSummary> =>
    (await objects<RunSummary>(['run', file, '--once', '--json', '--olap-store', 'none', '--data', where]))[0]!;
  const ingest = async (out: string): Promise<void> => {
    for (const stream of STREAMS) {
      const from = path.join(out, `${stream}.ndjson`);
      await output(['ingest', from, '--topic', TOPICS[stream], '--partitions', '1', '--data', data, '--quiet']);
    }
  };
  const letters = (where = data): Promise<Letter[]> => objects<Letter>(['dlq', 'list', '--data', where, '--json']);
  const replay = async (args: readonly string[], where = data): Promise<Record<string, number>> =>
    (await objects<Record<string, number>>(['dlq', 'replay', ...args, '--data', where, '--json']))[0]!;

  const first = await generated(dir, 'first', seed, '2026-03-02T09:00:00Z', '6m');
  await ingest(first.out);
  const { streams } = first.summary;
  const { events } = await run();
  for (const [outcome, count] of Object.entries(streams.clicks.outcomes)) {
    assert.equal(events[outcome], count + streams.orders.outcomes[outcome as 'late'], outcome);
  }
  for (const stream of STREAMS) {
    const own = (await letters()).filter(({ topic, outcome }) => topic === TOPICS[stream] && outcome === 'invalid');
    const reasons = Object.groupBy(own, ({ reason }) => reason);
    assert.deepEqual(
      new Map(Object.entries(reasons).map(([reason, of]) => [reason, of!.length])),
      new Map(Object.keys(reasons).map((reason) => [reason, streams[stream].reasons[reason]])),
    );
    assert.equal(own.length, streams[stream].outcomes.invalid);
  }
  const wrong = await tocsin(['dlq', 'replay', '--all', '--schema', 'v9', '--data', data]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /found "v9"; expected a version .*: v1, v2/);

  // The fix, with state there: it counts from here on.
  const schemaFile = path.join(dir, 'pipelines/schemas/commerce/order.v2.json');
  writeFileSync(
    schemaFile,
    readFileSync(schemaFile, 'utf8').replace(/(the code, where one was used\.",\s*"type": )"string"/, '$1["string", "null"]'),
  );
  const second = await generated(dir, 'second', seed, '2026-03-02T09:06:00Z', '2m');
  await ingest(second.out);
  const told = await tocsin(['run', file, '--once', '--json', '--olap-store', 'none', '--data', data]);
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stderr, /order\.v2\.json has changed; it counts from here on/);
  const nullCoupons = streams.orders.reasons['type:coupon']!;
  assert.ok(nullCoupons > 0 && second.summary.streams.orders.reasons['type:coupon']! > 0);
  assert.equal((await letters()).filter(({ reason }) => reason === 'type:coupon').length, nullCoupons);

  // As it is before anything is sent in again.
  const other = path.join(dir, 'other');
  if (process.env['SOAK'] === '1') cpSync(data, other, { recursive: true });

  const all = await letters();
  const ofReason = (reason: string): number => all.filter((letter) => letter.reason === reason).length;
  assert.equal((await replay(['--reason', 'type:coupon', '--schema', 'v2']))['sent'], nullCoupons);
  assert.equal((await replay(['--reason', 'schema_version', '--schema', 'v2']))['sent'], ofReason('schema_version'));
  assert.equal((await replay(['--reason', 'late']))['sent'], ofReason('late'));
  assert.equal((await replay(['--reason', 'bad_json', '--schema', 'v2']))['not_sendable'], ofReason('bad_json'));
  await run();

  const { engine } = loadPipeline(file);
  // Of one batch over everything: nothing is late, and what named no version that there is is of the second.
  // What became of records is no part of it: that a record was late once stays true.
  const ofOutcomes = ['records', 'dead_letters', 'dead_letter_rate'];
  const measures = engine.measures.filter(({ name }) => !ofOutcomes.includes(name));
  assert.equal(measures.length, engine.measures.length - 3);
  const spec = {
    ...engine,
    measures,
    sources: engine.sources.map((source) => ({ ...source, event: { ...source.event, allowedLatenessMs: 86_400_000 } })),
  };
  const records = first.lines.map((lines, s) => [[...lines, ...second.lines[s]!].map(asRecord)]);
  const expected = judge(spec, records, { clock: 'event' });
  // Of a handful of values two may share a register: a large share, though rare. Five standard errors hold for the many of the total.
  const options = { stage: 'totals', tolerance: 1e-9, distinctError: 0.3, quantileError: 0.0101 } as const;
  const isTotal = ({ labels }: { readonly labels: object }): boolean => Object.keys(labels).length === 0;
  const totals = async (where = data): Promise<WindowRow[]> => {
    const text = await output(['log', 'tail', 'commerce.windows', '--from-beginning', '--data', where]);
    const rows = ndjson<WindowRecord>(text).filter((record): record is WindowRow => record.kind === 'row');
    return mergeRows(rows, measures).filter((row) => row.events > 0);
  };
  const after = await totals();
  assert.ok(after.some(({ replayed }) => replayed > 0));
  assert.deepEqual(differences(after, expected.rows, measures, options).slice(0, 10), []);
  // Minutes before the first file have a handful of late events, in total too.
  const totalRows = after.filter(isTotal);
  const ofMany = totalRows.filter((row) => row.events >= 500);
  assert.ok(ofMany.length >= 8, `${ofMany.length} minutes of many`);
  const minutes = new Set(ofMany.map(({ window_start: start }) => Date.parse(start)));
  const expectedOfMany = expected.rows.filter((row) => isTotal(row) && minutes.has(row.start));
  assert.deepEqual(differences(ofMany, expectedOfMany, measures, { ...options, distinctError: 0.082 }), []);
  const verdicts = (await letters()).flatMap(({ replay: verdict }) => (verdict ? [verdict] : []));
  assert.equal(
    verdicts.filter(({ outcome }) => outcome === 'accepted').length,
    totalRows.reduce((sum, row) => sum + row.replayed, 0),
  );
  // A copy of a dead letter is a dead letter too; and an event of v1 that named no version is none of v2.
  assert.ok(verdicts.some(({ outcome }) => outcome === 'duplicate'));
  assert.ok(verdicts.some(({ reason }) => reason === 'missing:channel'));

  const shown = await output(['windows', '--data', data, '--json']);
  for (const again of [[], ['--again']]) {
    for (const reason of ['type:coupon', 'schema_version']) await replay(['--reason', reason, '--schema', 'v2', ...again]);
    await replay(['--reason', 'late', ...again]);
  }
  await run();
  assert.equal(await output(['windows', '--data', data, '--json']), shown);

  // Everything read again, by the mended schema from the first record on: what was sent in again is there already, and counts no more.
  const anew = ['replay', file, '--from', 'earliest', '--olap-store', 'none', '--json', '--data'];
  const replayed = await tocsin([...anew, data]);
  assert.equal(replayed.code, 0, replayed.stderr);
  assert.match(replayed.stderr, /as revision 2 in the place of 1\.[^]*told by event time alone/);
  assert.deepEqual(differences(await totals(data), expected.rows, measures, options).slice(0, 10), []);
  const left = (await letters(data)).map(({ topic, outcome, reason }) => `${topic} ${outcome} ${reason}`).sort();
  assert.ok(left.length < all.length && !left.some((letter) => letter.includes('type:coupon')));
  const counted = async (where: string): Promise<number> => {
    const [status] = await objects<{ pipelines: { dead_letters: number }[] }>(['status', '--data', where, '--json']);
    return status!.pipelines[0]!.dead_letters;
  };
  assert.equal(await counted(data), left.length);

  if (process.env['SOAK'] !== '1') return;
  // The other way round: `make soak` has the time for it.
  await output([...anew, other]);
  assert.deepEqual((await letters(other)).map(({ topic, outcome, reason }) => `${topic} ${outcome} ${reason}`).sort(), left);
  assert.equal((await replay(['--reason', 'type:coupon', '--schema', 'v2'], other))['sent'], 0);
  for (const _ of ['once', 'twice']) {
    await replay(['--reason', 'schema_version', '--schema', 'v2'], other);
    await replay(['--reason', 'late'], other);
  }
  await run(other);
  assert.deepEqual(differences(await totals(other), expected.rows, measures, options).slice(0, 10), []);
  assert.equal(await counted(other), left.length);
});

/** As the oracle is to read the line: written independently of what the command does. */
function asRecord(line: string): OracleRecord {
  let text = line;
  try {
    const record = JSON.parse(line) as { schema_version?: unknown } | unknown[];
    if (!Array.isArray(record) && record.schema_version !== 'v1' && record.schema_version !== 'v2') {
      text = JSON.stringify({ ...record, schema_version: 'v2' });
    }
  } catch {
    // What is no JSON stays as it is.
  }
  return { bytes: Buffer.from(text), appendTime: 0 };
}
