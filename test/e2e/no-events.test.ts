/** Events stop coming altogether: the alert rings by the clock, a killed process rings no second one, and the next events end it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { service } from '../support/services.ts';
import { bring } from './kafka-topic.ts';
import type { Called } from '../support/in-process.ts';
import { beginFor, startFor, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const HOUR_MS = 3_600_000;
/** Of one-second windows, each with an event. */
const SECONDS = 60;
const SILENT_FOR_MS = 4_000;
/** `idle_after`, a window, a commit, and a machine that has much else to do. */
const WITHIN_MS = SILENT_FOR_MS + 2_000 + 1_000 + 1_000 + 5_000;

interface Alert {
  readonly alert_id: string;
  readonly status: string;
  readonly repeat: number;
  readonly resolved_time: string | null;
}

function pipelineFile(dir: string, name: string): string {
  const file = path.join(dir, 'silence.yml');
  writeFileSync(
    file,
    [
      `pipeline: ${name}`,
      `source: { topic: ${name}-raw }`,
      'event: { id: id, time: at, out_of_orderness: 0s }',
      'dimensions: [shop]',
      'measures: { orders: { count: events } }',
      'windows: [1s]',
      'cooldown: 3s',
      'limits: { idle_after: 2s }',
      'detect:',
      `  orders: { detector: absence, for: ${SILENT_FOR_MS / 1_000}s, over: full }`,
      'receivers: { bell: { type: console } }',
      '',
    ].join('\n'),
  );
  return file;
}

/** What is usual is learnt hour by hour: the seconds that the test needs are those of one hour, not long ago. Epoch ms. */
function startOf(now: number): number {
  const start = Math.floor(now / 1_000) * 1_000 - 4 * SECONDS * 1_000;
  const needed = 3 * SECONDS * 1_000;
  return Math.floor(start / HOUR_MS) === Math.floor((start + needed) / HOUR_MS) ? start : start - needed;
}

async function silence(t: TestContext, name: string, args: readonly string[]): Promise<void> {
  const dir = temporary(t);
  const file = pipelineFile(dir, name);
  const data = path.join(dir, 'data');
  const live = ['run', file, '--data', data, '--olap-store', 'none', '--listen', '127.0.0.1:0', ...args];
  const addressOf = (running: Pick<Called, 'stderr'>): Promise<string> =>
    until('the address', () => /(http:\/\/127\.0\.0\.1:\d+)/.exec(running.stderr())?.[1] ?? false, 60_000);
  const begin = startOf(Date.now());

  async function push(url: string, seconds: readonly number[]): Promise<void> {
    const lines = seconds.map((second) =>
      JSON.stringify({ id: `e${second}`, at: new Date(begin + 1_000 * second + 500).toISOString(), shop: 'main' }),
    );
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${url}/api/v1/events/${name}-raw`, { method: 'POST', headers, body: lines.join('\n') });
    assert.equal(answer.status, 202, await answer.text());
  }
  async function alerts(url: string): Promise<readonly Alert[]> {
    const answer = (await (await fetch(`${url}/api/v1/pipelines/${name}/alerts`)).json()) as { alerts: readonly Alert[] };
    return answer.alerts;
  }
  const ringing = (url: string, times: number): Promise<Alert> =>
    until(`ring ${times}`, async () => (await alerts(url)).find(({ repeat }) => repeat >= times - 1) ?? false, 60_000);

  const first = startFor(t, live);
  const url = await addressOf(first);
  await push(
    url,
    Array.from({ length: SECONDS }, (_, second) => second),
  );
  const silentAt = performance.now();
  const rang = await ringing(url, 1);
  const tookMs = performance.now() - silentAt;
  t.diagnostic(`rang ${Math.round(tookMs)} ms after the last event`);
  assert.ok(tookMs < WITHIN_MS, `${tookMs} ms`);
  assert.ok(tookMs > SILENT_FOR_MS - 1_000, `${tookMs} ms`);
  await until('the bell', () => first.stdout().includes('drop!'));
  await first.stop('SIGKILL');

  const second = beginFor(t, live);
  const again = await addressOf(second);
  const reminded = await ringing(again, 2);
  assert.deepEqual([reminded.alert_id, (await alerts(again)).length], [rang.alert_id, 1]);
  await push(again, [SECONDS + 30, SECONDS + 31, SECONDS + 32]);
  await until('the end', async () => (await alerts(again)).every(({ status }) => status === 'resolved'));
  assert.equal((await alerts(again)).length, 1);
  await until('word of the end', () => second.stdout().includes('back to normal'));
}

test('pushed events stop, in one process', { timeout: 120_000 }, (t) => silence(t, 'silence', []));

test('pushed events stop, on Kafka', { skip: kafka.skip, timeout: 180_000 }, async (t) => {
  const name = `silence-${randomBytes(3).toString('hex')}`;
  await bring(kafka.address, `${name}-raw`, [[]]);
  await silence(t, name, ['--log', `kafka://${kafka.address}`, '--session-ms', '3000']);
});
