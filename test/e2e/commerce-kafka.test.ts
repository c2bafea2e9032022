/** The shop through a real broker: what it counts, the dead letters and what became of them are the embedded log's, row by row. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { GenerateSummary } from '../../src/app/generate-commerce.ts';
import { service } from '../support/services.ts';
import { objects, output, printedSeed, ROOT, temporary } from './tocsin.ts';

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
    '5m',
    '--rate',
    '6',
    '--seed',
    `${seed}`,
    '--json',
  ]);
  // Names of its own, on a broker that others use too.
  const name = `shop${process.pid}`;
  const topics = { clicks: `${name}.clicks`, orders: `${name}.orders` } as const;
  const file = path.join(dir, 'shop.yml');
  const text = readFileSync(path.join(ROOT, 'pipelines/commerce.yml'), 'utf8')
    .replaceAll('./schemas/', `${ROOT}/pipelines/schemas/`)
    .replace('pipeline: commerce', `pipeline: ${name}`)
    .replace('topic: clickstream', `topic: ${topics.clicks}`)
    .replace('topic: orders', `topic: ${topics.orders}`)
    .replace('events.dlq.v1', `${name}.events.dlq.v1`);
  writeFileSync(file, text);

  async function played(data: string, log: readonly string[]) {
    const at = [...log, '--data', path.join(dir, data)];
    for (const stream of ['clicks', 'orders'] as const) {
      await output(['ingest', path.join(shop, `${stream}.ndjson`), '--topic', topics[stream], '--partitions', '1', '--quiet', ...at]);
    }
    const once = ['run', file, '--once', '--json', '--olap-store', 'none', ...at];
    const [{ events }] = (await objects<{ events: Record<string, number> }>(once)) as [{ events: Record<string, number> }];
    await output(['dlq', 'replay', '--reason', 'schema_version', '--schema', 'v2', '--pipeline', name, ...at]);
    await output(['dlq', 'replay', '--reason', 'late', '--pipeline', name, ...at]);
    await output(once);
    const rows = await objects(['windows', '--json', '--pipeline', name, ...at]);
    const letters = await objects<Letter>(['dlq', 'list', '--json', '--pipeline', name, ...at]);
    return {
      events,
      // Versions hold how often a partition told of itself.
      rows: rows.map((row) => ({ ...row, version: undefined })),
      letters: letters.map(({ topic, reason, replay }) => `${topic} ${reason} ${replay?.outcome}`).sort(),
    };
  }

  const embedded = await played('embedded', []);
  const brokered = await played('brokered', ['--log', `kafka://${kafka.address}`]);
  assert.deepEqual(brokered, embedded);
  const { clicks, orders } = summary!.streams;
  for (const outcome of ['accepted', 'duplicate', 'late', 'invalid', 'ignored'] as const) {
    assert.equal(brokered.events[outcome], clicks.outcomes[outcome] + orders.outcomes[outcome], outcome);
  }
  assert.ok(brokered.letters.some((letter) => letter.endsWith(' accepted')));
});
