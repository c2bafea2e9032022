/** The shop's two alerts, from events to a receiver: a price list that is wrong in one country, and a release that sends broken events. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { AlertEvent } from '../../src/receivers/alert-event.ts';
import { commerceConfig } from '../../src/sources/commerce/config.ts';
import { createCommerceGenerator } from '../../src/sources/commerce/generator.ts';
import { startServer } from '../http-server.ts';
import { objects, output, printedSeed, ROOT, temporary } from './tocsin.ts';

const START = Date.UTC(2026, 2, 2, 9);
const BREAKS = [
  { after: '3m', for: '2m', country: 'US', price: 0.05 },
  { after: '7m', for: '1m', broken: 0.3 },
];

test('a wrong price list rings for its country, broken events ring for all together, and nothing else rings', async (t) => {
  const seed = printedSeed(t) % 1_000_000;
  const dir = temporary(t);
  const data = path.join(dir, 'data');
  for (const [stream, topic] of [
    ['clicks', 'clickstream'],
    ['orders', 'orders'],
  ] as const) {
    const config = commerceConfig.parse({ stream, seed, rate: 15, late: 0.002, broken: 0.002, duplicates: 0.01, breaks: BREAKS });
    const arrivals = createCommerceGenerator(config, { originMs: START }).arrivals(START, START + 10 * 60_000);
    const file = path.join(dir, `${stream}.ndjson`);
    writeFileSync(file, arrivals.map(({ text }) => `${text}\n`).join(''));
    await output(['ingest', file, '--topic', topic, '--partitions', '1', '--data', data, '--quiet']);
  }
  const server = await startServer(t, (_, response) => response.end());
  const text = readFileSync(path.join(ROOT, 'pipelines/commerce.yml'), 'utf8')
    .replaceAll('./schemas/', `${ROOT}/pipelines/schemas/`)
    .replace(/^receivers:\n(?: .*\n)*/m, '');
  const file = path.join(dir, 'commerce.yml');
  writeFileSync(file, `${text}\nreceivers: { hook: { type: webhook, url: "${server.origin}/" } }\n`);

  await output(['run', file, '--once', '--notify', '--json', '--olap-store', 'none', '--data', data]);
  const got = server.received.map(({ body }) => JSON.parse(body) as AlertEvent);
  const begun = got.filter(({ status, repeat }) => status === 'firing' && repeat === 0);
  assert.deepEqual(
    new Set(begun.map(({ alert_type: type, labels }) => `${type} ${JSON.stringify(labels)}`)),
    new Set(['dead_letter_spike {}', 'revenue_error {"country":"US"}']),
  );
  assert.equal(begun.length, 2);
  const [spike, revenue] = ['dead_letter_spike', 'revenue_error'].map((type) => begun.find((alert) => alert.alert_type === type)!);
  assert.equal(revenue!.window_start, '2026-03-02T09:03:00.000Z');
  assert.ok(revenue!.current_value! < 10);
  assert.equal(spike!.window_start, '2026-03-02T09:07:00.000Z');
  assert.ok(Math.abs(spike!.current_value! - 30) < 6, `${spike!.current_value} %`);
  // Both end when what was wrong is mended.
  assert.equal(got.filter(({ status }) => status === 'resolved').length, 2);

  // The windows count every dead letter, in the minute in which it came: in the first second none does.
  interface Row {
    readonly country?: string;
    readonly dead_letters: number;
    readonly records: number;
  }
  const rows = (await objects<Row>(['windows', '--data', data, '--json'])).filter(({ country }) => country === undefined);
  const letters = await objects(['dlq', 'list', '--data', data, '--json']);
  assert.equal(
    rows.reduce((sum, row) => sum + row.dead_letters, 0),
    letters.length,
  );
});
