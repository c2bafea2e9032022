import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { discordFaults } from '../../test/support/discord-limits.ts';
import { startServer } from '../../test/support/http-server.ts';
import { slackFaults } from '../../test/support/slack-limits.ts';
import { openReceivers } from '../app/receivers/open-receivers.ts';
import { loadPipeline } from '../config/load-pipeline.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { checkCommand } from './check.ts';
import { listCommand, testCommand } from './receivers.ts';
import type { Terminal } from './terminal.ts';
import { temporary } from '../../test/support/temporary.ts';

/** A pipeline file with these receivers, a place where none ran, and what is printed there. */
function shop(t: TestContext, receivers: string, locale = 'en') {
  const dir = temporary(t);
  const file = join(dir, 'shop.yml');
  writeFileSync(
    file,
    `pipeline: shop
source: { topic: orders }
event: { id: id, time: at, out_of_orderness: 1s, allowed_lateness: 5s, dedup: 1m }
dimensions: [country]
measures: { orders: { count: {} } }
windows: [10s]
locale: ${locale}
receivers:
${receivers}
`,
  );
  const lines: string[] = [];
  const terminal = { stdout: { isTTY: false, write: () => true }, print: (line: string) => void lines.push(line) } as unknown as Terminal;
  return { file, place: { data: join(dir, 'data'), json: false }, terminal, lines };
}

/** What a test of one of these prints. */
async function tried(t: TestContext, name: string, receivers: string, locale?: string) {
  const { file, place, terminal, lines } = shop(t, receivers, locale);
  const code = await testCommand(name, { pipeline: file, ...place }, terminal);
  return { code, lines };
}

test('the sample alert speaks of no detector, in the pipeline’s language, and every chat takes it', async (t) => {
  const { origin, received } = await startServer(t, (_, response) => response.end('{}'));
  const receivers = ['slack', 'discord', 'webhook']
    .map((type) => `  my_${type}: { type: ${type}, url: "${origin}/hooks/${type}" }`)
    .join('\n');
  for (const type of ['slack', 'discord', 'webhook']) {
    const { code, lines } = await tried(t, `my_${type}`, receivers, 'ko');
    assert.equal(code, 0);
    assert.match(lines.join(), new RegExp(`^my_${type}: sent to ${origin} in \\d+ ms$`));
  }
  const [slack, discord, webhook] = received.map(({ body }) => JSON.parse(body));
  assert.deepEqual(slackFaults(slack), []);
  assert.deepEqual(discordFaults(discord), []);
  const alert = webhook as AlertEvent;
  assert.deepEqual([alert.detector, alert.alert_type, alert.explanation.baseline], ['test', 'test', null]);
  assert.equal(alert.explanation.text, '임의의 값입니다. 탐지기가 발견한 이상은 없습니다.');
  for (const { body } of received) assert.doesNotMatch(body, /이동 평균|moving average|임계값|threshold of/);

  const { received: english, origin: other } = await startServer(t, (_, response) => response.end());
  await tried(t, 'hook', `  hook: { type: webhook, url: "${other}" }`);
  assert.match(english[0]!.body, /"text":"These values are made up: no detector has seen anything\."/);
});

test('what is missing is named, and only what is not yet so is proposed', async (t) => {
  const variable = 'TOCSIN_TEST_HOOK_THAT_IS_NOT_SET';
  const fault = async (more: string): Promise<string> => {
    const run = tried(t, 'hook', `  hook: { type: slack, url: "\${${variable}}"${more} }`);
    return run.then(
      () => 'none',
      (error: Error) => error.message.replace(/^.*shop\.yml: /, ''),
    );
  };
  const named = `receivers.hook: ${variable} is not set in the environment; set it before the start (export ${variable}=…)`;
  assert.equal(await fault(''), `${named}, or let the receiver be left out then: optional: true`);
  assert.equal(await fault(', optional: true'), named);
});

test('a list says what this shell lacks, and claims nothing of a run with an environment of its own', async (t) => {
  const [first, second] = ['TOCSIN_TEST_HOOK_THAT_IS_NOT_SET', 'TOCSIN_TEST_KEY_THAT_IS_NOT_SET'];
  const receivers = [
    '  page: { type: console }',
    `  chat: { type: slack, url: "\${${first}}", optional: true }`,
    `  hook: { type: webhook, url: "\${${first}}", secret: "\${${second}}" }`,
  ];
  const { file, place, terminal, lines } = shop(t, receivers.join('\n'));
  assert.equal(await listCommand(file, place, terminal), 1);
  assert.deepEqual(lines, [
    'page  console  this terminal',
    `chat  slack  not from this shell: ${first} is not set here; a run started here leaves it out`,
    `hook  webhook  not from this shell: ${first} and ${second} are not set here; a run started here stops at that`,
  ]);
});

test('what a receiver answers is told without its address', async (t) => {
  const { origin } = await startServer(t, ({ path }, response) =>
    response.writeHead(404).end(JSON.stringify({ path }).replaceAll('/', '\\/')),
  );
  const { code, lines } = await tried(t, 'hook', `  hook: { type: webhook, url: "${origin}/T012345/s3cret-path?token=abcdef" }`);
  assert.equal(code, 1);
  assert.deepEqual(lines, [`hook: not sent: ${origin} answered 404: {"path":"[hidden]"}`]);
  const named = await tried(t, 'hook', `  hook: { type: webhook, url: "http://127.0.0.1:6000/s3cret-path" }`);
  assert.match(named.lines.join(), /^hook: not sent: http:\/\/127\.0\.0\.1:6000 has a port .* put another one into receivers\.hook\.url$/);
});

test('a setting that is wrong is not repeated: it may be a secret', async (t) => {
  for (const receiver of [
    '{ type: slack, url: [s3cret] }',
    '{ type: slack, url: 12345678 }',
    `{ type: slack, url: ${'s3cret'.repeat(1_000)} }`,
    '{ type: webhook, url: "http://h", headers: "Bearer s3cret" }',
    '{ type: webhook, url: "http://h", headers: { a: [s3cret] } }',
    '{ type: webhook, url: "http://h", secret: 12345678 }',
    '{ type: discord, url: s3cret }',
  ]) {
    await assert.rejects(tried(t, 'hook', `  hook: ${receiver}`), ({ message }: Error) => {
      assert.match(message, /expected/);
      assert.doesNotMatch(message, /s3cret|12345678/);
      return true;
    });
  }
});

test('a list says who is told of what, and check of what nobody is told', async (t) => {
  const receivers = `  pager: { type: console, match: { severity: [high, critical], measure: orders } }
  korea: { type: console, match: { labels: { country: KR }, alert_type: orders_drop } }`;
  const { file, place, terminal, lines } = shop(t, receivers);
  writeFileSync(file, `${readFileSync(file, 'utf8')}detect: { window: 10s, orders: { down: 40%, up: 100% } }\n`);
  assert.equal(await listCommand(file, place, terminal), 0);
  await listCommand(file, { ...place, json: true }, terminal);
  assert.deepEqual(lines.slice(0, 2), [
    'pager  console  this terminal; only measure orders, severity high or critical',
    'korea  console  this terminal; only country KR, alert_type orders_drop',
  ]);
  assert.deepEqual(JSON.parse(lines[3]!).match, { labels: { country: 'KR' }, alert_type: 'orders_drop' });
  await checkCommand([file], { json: false }, terminal);
  const text = lines.at(-1)!;
  assert.match(text, /tells {5}pager \(measure orders, severity high or critical\), korea \(country KR, alert_type orders_drop\)/);
  assert.match(text, /untold {4}no receiver takes series_limit, ids_limit$/);
});

test('what a file says of a receiver’s alerts is what its queue is given', (t) => {
  const { file } = shop(t, '  korea: { type: console, match: { labels: { country: KR } } }\n  all: { type: console }');
  const deps = { write: () => {}, colour: false, locale: 'en', zone: () => 0, clock: { now: () => 0, elapsed: () => 0 } } as const;
  const matches = openReceivers(loadPipeline(file), {}, deps).map(({ receiver }) => receiver?.match);
  assert.deepEqual(matches, [{ labels: { country: 'KR' } }, undefined]);
});
