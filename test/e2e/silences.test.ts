/** An alert is silenced: nobody is told of it, through a kill -9 too; the silence is ended, and it is told with its true start. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../support/http-server.ts';
import { service } from '../support/services.ts';
import { bring } from './kafka-topic.ts';
import type { Called } from '../support/in-process.ts';
import { beginFor, objects, startFor, until, type Running } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const ORDERS_EACH_SECOND = 5;
const COOLDOWN_S = 2;
/** Between two seconds of orders: they are sent faster than they would come, and stay in the past. */
const PAUSE_MS = 150;

interface Silence {
  readonly id: string;
  readonly status: string;
  readonly comment: string;
}

interface Alert {
  readonly alert_id: string;
  readonly status: string;
  readonly repeat: number;
  readonly since: string;
}

function pipelineFile(dir: string, name: string, hook: string): string {
  const file = path.join(dir, 'silences.yml');
  writeFileSync(
    file,
    [
      `pipeline: ${name}`,
      `source: { topic: ${name}-raw }`,
      'event: { id: id, time: at, out_of_orderness: 0s }',
      'dimensions: [shop]',
      'measures: { orders: { count: events } }',
      'windows: [1s]',
      `cooldown: ${COOLDOWN_S}s`,
      'detect:',
      `  orders: { detector: threshold, above: ${ORDERS_EACH_SECOND - 1} }`,
      `receivers: { hook: { type: webhook, url: "${hook}" } }`,
      '',
    ].join('\n'),
  );
  return file;
}

/** `apart`: who tells is a process of its own, the other one does the rest; else one does all. `all`: arguments of both. */
async function silenced(t: TestContext, name: string, more: { readonly all: readonly string[]; readonly apart: boolean }): Promise<void> {
  const dir = temporary(t);
  const { origin, received } = await startServer(t, (_, response) => void response.end());
  const file = pipelineFile(dir, name, origin);
  const told = (): Alert[] => received.map(({ body }) => JSON.parse(body) as Alert);
  const begin = Math.floor(Date.now() / 1_000) * 1_000 - 300_000;
  const data = path.join(dir, 'data');
  const run = (where: string, args: readonly string[]): string[] => [
    'run',
    file,
    '--olap-store',
    'none',
    '--data',
    where,
    ...more.all,
    ...args,
  ];
  const addressOf = (running: Pick<Called, 'stderr'>): Promise<string> =>
    until('the address', () => /(http:\/\/127\.0\.0\.1:\d+)/.exec(running.stderr())?.[1] ?? false, 60_000);
  const serving = ['--listen', '127.0.0.1:0'];
  const teller = (): Running => startFor(t, run(data, more.apart ? ['--roles', 'notify'] : serving));
  let telling = teller();
  const server = more.apart ? beginFor(t, run(path.join(dir, 'api'), ['--roles', 'aggregate,monitor,api', ...serving])) : undefined;
  let url = await addressOf(server ?? telling);
  let second = 0;

  /** A second of orders; the window of the one before is final with it. */
  async function push(): Promise<void> {
    const at = new Date(begin + 1_000 * second + 500).toISOString();
    const lines = Array.from({ length: ORDERS_EACH_SECOND }, (_, n) => JSON.stringify({ id: `${second}-${n}`, at, shop: 'main' }));
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${url}/api/v1/events/${name}-raw`, { method: 'POST', headers, body: lines.join('\n') });
    assert.equal(answer.status, 202, await answer.text());
    second += 1;
    await sleep(PAUSE_MS);
  }
  async function alerts(): Promise<readonly Alert[]> {
    return ((await (await fetch(`${url}/api/v1/pipelines/${name}/alerts`)).json()) as { alerts: readonly Alert[] }).alerts;
  }
  /** Orders go on until the process that tells has held something back. */
  async function pushUntilHeldBack(running: Running): Promise<void> {
    await until('one that is held back', async () => (await push(), running.stderr().includes('is silenced until')), 60_000);
  }

  const silencesUrl = `${url}/api/v1/pipelines/${name}/silences`;
  const body = JSON.stringify({ matchers: { shop: 'main' }, for: '1h', comment: 'deploy' });
  const answer = await fetch(silencesUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(answer.status, 201, await answer.clone().text());
  const added = (await answer.json()) as Silence;

  await pushUntilHeldBack(telling);
  const [alert] = await alerts();
  assert.equal(alert?.status, 'firing');
  await telling.stop('SIGKILL');

  telling = teller();
  if (!server) url = await addressOf(telling);
  const args = ['--pipeline', name, '--data', data, ...more.all.slice(0, 2), '--json'];
  assert.deepEqual(
    (await objects<Silence>(['silence', 'list', ...args])).map(({ id, status, comment }) => [id, status, comment]),
    [[added.id, 'active', 'deploy']],
  );
  await pushUntilHeldBack(telling);
  assert.deepEqual(told(), []);

  const [ended] = await objects<Silence>(['silence', 'end', added.id, ...args]);
  assert.deepEqual([ended?.id, ended?.status], [added.id, 'ended']);
  await until('word of it', () => received.length > 0, 60_000);
  const [first] = told();
  assert.deepEqual([first?.alert_id, first?.since, first?.status], [alert.alert_id, alert.since, 'firing']);
  assert.ok((first?.repeat ?? 0) >= 1, `reminder ${first?.repeat}`);
  assert.deepEqual(
    ((await (await fetch(silencesUrl.replace(/^http:\/\/[^/]+/, url))).json()) as { silences: readonly Silence[] }).silences,
    [],
  );
}

test('in one process', { timeout: 180_000 }, (t) => silenced(t, 'silences', { all: [], apart: false }));

test('on Kafka, silenced through an API, told by a notifier in a process of its own', { skip: kafka.skip, timeout: 240_000 }, async (t) => {
  const name = `silences-${randomBytes(3).toString('hex')}`;
  await bring(kafka.address, `${name}-raw`, [[]]);
  await silenced(t, name, { all: ['--log', `kafka://${kafka.address}`, '--session-ms', '3000'], apart: true });
});
