/** `tocsin simulate` and `tocsin receivers` as people use them, against a run of their own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startServer } from '../../test/support/http-server.ts';
import { begin, type Ended } from '../../test/support/in-process.ts';
import { slackFaults } from '../../test/support/slack-limits.ts';
import { choicesOf } from './simulate.ts';
import { temporary } from '../../test/support/temporary.ts';

const BIN = resolve(import.meta.dirname, '../../bin/tocsin');
const SCHEMA = resolve(import.meta.dirname, '../../pipelines/ad-event.v1.json');

/** What is called names its files from there. */
function folder(t: TestContext): string {
  const dir = temporary(t);
  process.chdir(dir);
  return dir;
}

async function tocsin(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  Object.assign(process.env, environment);
  return begin(args).ended;
}

function pipelineOf(receiver: string): string {
  return `pipeline: ads
source: { topic: ad-events, schema: ${SCHEMA}, partitions: 2 }
event: { id: event_id, time: event_time, out_of_orderness: 200ms, allowed_lateness: 1s, dedup: 10s }
dimensions: [country, ad_format]
measures:
  impressions: { count: { event_type: impression } }
  clicks: { count: { event_type: click } }
  ctr: { ratio: [clicks, impressions], scale: 100, unit: "%" }
windows: [1s]
limits: { idle_after: 500ms }
detect: { detector: ema-threshold, window: 1s, min_volume: 20, warm_up: 2, ctr: { down: 50% } }
receivers: { chat: ${receiver} }
`;
}

test('a quiet pipeline learns, breaks and rings, in Slack too', { timeout: 60_000 }, async (t) => {
  const dir = folder(t);
  const { origin, received } = await startServer(t, (_, response) => response.end('ok'));
  writeFileSync(join(dir, 'ads.yml'), pipelineOf('{ type: slack, url: "${HOOK}" }'));
  const run = spawn(BIN, ['run', 'ads.yml', '--data', 'data', '--olap-store', 'none', '--listen', 'none'], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOOK: `${origin}/services/T0/B0/secret` },
  });
  t.after(() => run.kill('SIGKILL'));
  const told: string[] = [];
  run.stderr.on('data', (part: Buffer) => told.push(part.toString()));
  while (!told.join('').includes('running ads')) await once(run.stderr, 'data');

  const simulated = await tocsin([
    'simulate',
    'ctr-drop',
    '--segment',
    'FR/interstitial',
    '--strength',
    '0.2',
    '--data',
    'data',
    '--yes',
    '--json',
  ]);
  assert.equal(simulated.code, 0, simulated.stderr);
  const { events, results } = JSON.parse(simulated.stdout);
  assert.ok(events > 3_000, String(events));
  assert.deepEqual(results[0].segment, { country: 'FR', ad_format: 'interstitial' });
  assert.equal(results[0].alert.alert_type, 'ctr_drop');
  assert.match(simulated.stderr, /4 s {2}normal traffic, to learn from: 1,000 impressions and 50\.? clicks a second/);

  // A terminal that is closed tells it, and so does its shell.
  run.kill('SIGHUP');
  run.kill('SIGHUP');
  const [code] = await once(run, 'exit');
  assert.equal(code, 0);
  assert.ok(received.length >= 1);
  assert.deepEqual(
    received.flatMap(({ body }) => slackFaults(JSON.parse(body))),
    [],
  );
  assert.ok(!told.join('').includes('secret'));
});

test('what cannot be simulated is said in a line', { timeout: 60_000 }, async (t) => {
  folder(t);
  const fault = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await tocsin(['simulate', ...args]);
    assert.equal(code, 2);
    return stderr;
  };
  assert.match(await fault(), /found no scenario; expected one of ctr-drop/);
  assert.match(await fault('ctr-drop', '--yes'), /it does not exist/);
  assert.match(await fault('ctr-drop', '--strength', 'much'), /Expected a number above 0/);
  assert.throws(() => choicesOf('ctr-drop', { strength: 1.5 }), { code: 'usage', message: /more than 0 and less than 1/ });
  assert.throws(() => choicesOf('traffic-spike', { strength: 0.5 }), { code: 'usage', message: /more than 1/ });
  assert.throws(() => choicesOf('all', { segment: 'US/banner' }), { code: 'usage' });
  assert.equal(choicesOf('all', {}).length, 4);
});

test('a receiver is tried with one alert, and what it answers is told', { timeout: 60_000 }, async (t) => {
  const dir = folder(t);
  let status = 200;
  const { origin, received } = await startServer(t, (_, response) => response.writeHead(status).end('no_service'));
  writeFileSync(join(dir, 'ads.yml'), pipelineOf('{ type: slack, url: "${HOOK}" }'));
  const HOOK = `${origin}/services/T0/B0/secret`;
  const tryIt = (environment: Record<string, string>, name = 'chat') =>
    tocsin(['receivers', 'test', name, '--pipeline', 'ads.yml'], environment);

  const sent = await tryIt({ HOOK });
  assert.deepEqual([sent.code, sent.stderr], [0, '']);
  assert.match(sent.stdout, new RegExp(`^chat: sent to ${origin} in \\d+ ms\n$`));
  assert.match(received[0]!.body, /Test alert from Tocsin: nothing is wrong/);
  assert.deepEqual(slackFaults(JSON.parse(received[0]!.body)), []);

  status = 404;
  const refused = await tryIt({ HOOK });
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^chat: not sent: http:\S+ answered 404: no_service \(the webhook was removed/);

  const unset = await tryIt({ HOOK: '' });
  assert.equal(unset.code, 2);
  assert.match(unset.stderr, /ads\.yml: receivers\.chat: HOOK is not set in the environment; set it before the start/);
  const wrong = await tryIt({ HOOK: 'secret' });
  assert.deepEqual([wrong.code, wrong.stderr.includes('secret')], [2, false]);
  assert.match((await tryIt({ HOOK }, 'chatt')).stderr, /did you mean "chat"/);

  const list = await tocsin(['receivers', 'list', 'ads.yml'], { HOOK });
  assert.deepEqual([list.code, list.stdout], [0, `chat  slack  ${origin}\n`]);
  assert.equal((await tocsin(['receivers', 'list', 'ads.yml'], { HOOK: '' })).code, 1);
  assert.ok(![sent, refused, unset, list].some(({ stdout, stderr }) => `${stdout}${stderr}`.includes('secret')));
});
