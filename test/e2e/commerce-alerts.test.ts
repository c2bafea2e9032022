/** The shop's two alerts, from events to a receiver: a price list that is wrong in one country, and a release that sends broken events. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { AlertEvent } from '../../src/receivers/alert-event.ts';
import { commerceConfig } from '../../src/sources/commerce/config.ts';
import { createCommerceGenerator } from '../../src/sources/commerce/generator.ts';
import { discordFaults } from '../support/discord-limits.ts';
import { startServer } from '../support/http-server.ts';
import { objects, output, printedSeed } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const START = Date.UTC(2026, 2, 2, 9);
/** Green. */
const ENDED_COLOR = 0x2ecc71;
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
  // The file as it is shipped, with its receiver: what rings is what Discord would be sent.
  const hook = '/api/webhooks/12345678/to-ken_5ecret';
  const server = await startServer(t, (_, response) => response.writeHead(200).end('{}'));
  const env = { DISCORD_WEBHOOK_URL: server.origin + hook };
  await output(['run', 'pipelines/commerce.yml', '--once', '--notify', '--json', '--olap-store', 'none', '--data', data], { env });
  const alerts = await objects<AlertEvent & { readonly alert_id: string }>(['alerts', '--data', data, '--json']);
  assert.deepEqual(
    new Set(alerts.map(({ alert_type: type, labels }) => `${type} ${JSON.stringify(labels)}`)),
    new Set(['dead_letter_spike {}', 'revenue_error {"country":"US"}']),
  );
  assert.equal(alerts.length, 2);
  const [spike, revenue] = ['dead_letter_spike', 'revenue_error'].map((type) => alerts.find((alert) => alert.alert_type === type)!);
  assert.equal(revenue!.window_start, '2026-03-02T09:03:00.000Z');
  assert.ok(revenue!.current_value! < 10);
  assert.equal(spike!.window_start, '2026-03-02T09:07:00.000Z');
  assert.ok(Math.abs(spike!.current_value! - 30) < 6, `${spike!.current_value} %`);
  // Both ring, and both end when what was wrong is mended.
  assert.deepEqual(new Set(server.received.map(({ path: asked }) => asked)), new Set([`${hook.replace('/api/', '/api/v10/')}?wait=true`]));
  const messages = server.received.map(({ body }) => JSON.parse(body) as { embeds: [{ color: number; footer: { text: string } }] });
  for (const message of messages) assert.deepEqual(discordFaults(message), []);
  for (const { alert_id: id } of alerts) {
    const told = messages.flatMap(({ embeds: [embed] }) => (embed.footer.text.includes(id) ? [embed] : []));
    assert.deepEqual(
      told.map(({ color }) => color === ENDED_COLOR),
      [false, true],
      `alert ${id}`,
    );
  }
  assert.equal(messages.length, 2 * alerts.length);

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
