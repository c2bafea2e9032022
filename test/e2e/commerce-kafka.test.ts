/** The shop through a real broker: what it counts, the dead letters and what became of them are the embedded log's, row by row. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { GenerateSummary } from '../../src/sources/commerce/generate.ts';
import { service } from '../support/services.ts';
import { objects, output, printedSeed, ROOT } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');

interface Letter {
  readonly topic: string;
  readonly reason: string;
  readonly replay?: { readonly outcome: string };
}

test('two topics, two versions, a replay: the same rows and verdicts as embedded', { skip: kafka.skip }, async (t) => {
  const seed = printedSeed(t) % 1_000_000;
  const dir = temporary(t);
  const shop = path.join(dir, 'shop');
  const [summary] = await objects<GenerateSummary>([
    'generate',
    'commerce',
    '--out',
    shop,
    '--for',
    // Longer than ids are remembered: what was sent in again is not recognised by these alone.
    '50m',
    '--rate',
    '0.6',
    '--seed',
    `${seed}`,
    '--json',
  ]);
  // Names of its own, on a broker that others use too.
  const name = `shop${process.pid}`;
  const topics = { clicks: `${name}.clicks`, orders: `${name}.orders` } as const;
  const file = path.join(dir, 'shop.yml');
  const text = readFileSync(path.join(ROOT, 'pipelines/commerce.yml'), 'utf8')
    .replace('pipeline: commerce', `pipeline: ${name}`)
    .replace('topic: clickstream', `topic: ${topics.clicks}`)
    .replace('topic: orders', `topic: ${topics.orders}`)
    .replace('events.dlq.v1', `${name}.events.dlq.v1`);
  writeFileSync(file, text);
  const mend = (): void => {
    const schema = path.join(dir, 'schemas/commerce/order.v2.json');
    const mended = readFileSync(schema, 'utf8').replace(/(where one was used\.",\s*"type": )"string"/, '$1["string", "null"]');
    writeFileSync(schema, mended);
  };

  async function played(data: string, log: readonly string[]) {
    const at = [...log, '--data', path.join(dir, data)];
    for (const stream of ['clicks', 'orders'] as const) {
      await output(['ingest', path.join(shop, `${stream}.ndjson`), '--topic', topics[stream], '--partitions', '1', '--quiet', ...at]);
    }
    cpSync(path.join(ROOT, 'pipelines/schemas'), path.join(dir, 'schemas'), { recursive: true });
    const once = ['run', file, '--once', '--json', '--olap-store', 'none', ...at];
    const [{ events }] = (await objects<{ events: Record<string, number> }>(once)) as [{ events: Record<string, number> }];
    mend();
    await output(['dlq', 'replay', '--reason', 'type:coupon', '--schema', 'v2', '--pipeline', name, ...at]);
    await output(['dlq', 'replay', '--reason', 'schema_version', '--schema', 'v2', '--pipeline', name, ...at]);
    await output(['dlq', 'replay', '--reason', 'late', '--pipeline', name, ...at]);
    await output(once);
    const shown = async () => {
      const rows = await objects(['windows', '--json', '--pipeline', name, ...at]);
      const letters = await objects<Letter>(['dlq', 'list', '--json', '--pipeline', name, ...at]);
      return {
        // Versions hold how often a partition told of itself.
        rows: rows.map((row): Record<string, unknown> => ({ ...row, version: undefined })),
        letters: letters.map(({ topic, reason, replay }) => `${topic} ${reason} ${replay?.outcome}`).sort(),
      };
    };
    const first = await shown();
    const [replayed] = await objects(['replay', file, '--from', 'earliest', '--olap-store', 'none', '--json', ...at]);
    const status = await objects<{ pipelines: { dead_letters: number }[] }>(['status', '--json', '--pipeline', name, ...at]);
    return { events, ...first, anew: await shown(), replayed: replayed!['events'], deadLetters: status[0]!.pipelines[0]!.dead_letters };
  }

  const embedded = await played('embedded', []);
  const brokered = await played('brokered', ['--log', `kafka://${kafka.address}`]);
  assert.deepEqual(brokered, embedded);
  const { clicks, orders } = summary!.streams;
  for (const outcome of ['accepted', 'duplicate', 'late', 'invalid', 'ignored'] as const) {
    assert.equal(brokered.events[outcome], clicks.outcomes[outcome] + orders.outcomes[outcome], outcome);
  }
  assert.ok(brokered.letters.some((letter) => letter.endsWith(' accepted')));
  // By the mended schema the orders are accepted as they came, and their copies count no more.
  const { anew } = brokered;
  const sumOf = (rows: typeof anew.rows, measure: string): number => rows.reduce((sum, row) => sum + Number(row[measure]), 0);
  for (const measure of ['orders_placed', 'visits']) assert.equal(sumOf(anew.rows, measure), sumOf(brokered.rows, measure), measure);
  const isCoupon = (letter: string): boolean => letter.includes('type:coupon');
  assert.ok(brokered.letters.some(isCoupon) && !anew.letters.some(isCoupon));
  assert.equal(brokered.deadLetters, anew.letters.length);
});
