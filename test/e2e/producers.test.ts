/**
 * Producers as docs/sending-events.md has them, from other languages, into a real broker: over HTTP through a balancer behind which
 * processes die, and straight to Kafka. Whatever they had to send again, each event counts once.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Socket } from 'node:net';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '../../scripts/services/kafka.ts';
import { quickJava } from '../../scripts/services/kafka-archive.ts';
import { kafkaJars } from '../../scripts/services/kafka-jars.ts';
import { createRandom, type Random } from '../../src/core/random.ts';
import { ownService, service } from '../support/services.ts';
import { bring, valuesOf, withKafka } from './kafka-topic.ts';
import { ownPipeline, type OwnPipeline } from './own-pipeline.ts';
import { codeOf } from './page-code.ts';
import type { Called, Ended } from '../support/in-process.ts';
import { beginFor, output, printedSeed, startFor, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const PARTITIONS = 3;
const EVENTS = 2_000;
const DISTURBANCES = 10;
const KEY = 'a-key-of-this-test-alone';
const START = Date.UTC(2026, 2, 2, 9);

function events(random: Random, count: number): { id: string; line: string }[] {
  return Array.from({ length: count }, (_, i) => {
    const hex = Array.from({ length: 12 }, () => random.below(16).toString(16)).join('');
    const id = `00000000-0000-4000-8000-${hex}`;
    const event_time = new Date(START + i * 20).toISOString();
    const fixed = { event_type: 'impression', user_id: 'u', campaign_id: 'c', country: 'KR', ad_format: 'banner', device: 'ios' };
    return { id, line: JSON.stringify({ event_id: id, event_time, ...fixed, bid_price: 1, revenue: 0 }) };
  });
}

interface Balancer {
  readonly url: string;
  /** Connections go to these, in turn. */
  readonly ports: number[];
  /** Cuts what is under way. */
  cut(): number;
}

async function balance(t: TestContext): Promise<Balancer> {
  const ports: number[] = [];
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    const there = connect(ports[turn++ % Math.max(1, ports.length)] ?? 1, '127.0.0.1');
    for (const [one, other] of [
      [client, there],
      [there, client],
    ] as const) {
      open.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  const cut = (): number => {
    const cutOff = open.size;
    for (const socket of open) socket.destroy();
    return cutOff;
  };
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, ports, cut };
}

interface Fleet {
  readonly pipeline: OwnPipeline;
  readonly log: string;
  /** Who counts what is pushed. */
  count(): void;
  /** Resolves to the port of who takes pushes, in the process of the test; `apart`: in one of its own, that can be killed. */
  api(): Promise<{ readonly port: number }>;
  apart(): Promise<{ readonly child: ChildProcess; readonly port: number }>;
}

function fleet(t: TestContext, dir: string, address: string): Fleet {
  const pipeline = ownPipeline(dir, PARTITIONS);
  const log = `kafka://${address}`;
  let places = 0;
  const live = (...args: string[]): string[] => {
    const all = ['run', pipeline.file, '--log', log, '--olap-store', 'none', '--clock', 'event', '--session-ms', '3000'];
    return [...all, '--data', path.join(dir, `data${places++}`), ...args];
  };
  const taking = ['--roles', 'ingest,api', '--listen', '127.0.0.1:0', '--api-key', KEY];
  const portOf = async ({ stderr, ended }: Pick<Called, 'stderr'> & { readonly ended: Promise<Ended> }): Promise<number> => {
    const gone = ended.then((end) => assert.fail(end.stderr));
    const port = (): number | false => Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(stderr())?.[1] ?? 0) || false;
    return Promise.race([until('who takes events', port), gone]);
  };
  return {
    pipeline,
    log,
    count: () => void beginFor(t, live('--roles', 'aggregate,monitor,notify', '--listen', 'none', '--commit-every-ms', '200')),
    api: async () => ({ port: await portOf(beginFor(t, live(...taking))) }),
    async apart() {
      const running = startFor(t, live(...taking));
      return { child: running.child, port: await portOf(running) };
    },
  };
}

/** Runs a producer; resolves to what it printed. */
async function produce(t: TestContext, command: string, args: string[], env: Record<string, string>, input: string): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let [said, complained] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (said += part.toString()));
  child.stderr.on('data', (part: Buffer) => (complained += part.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise((done) => child.on('close', done));
  assert.equal(code, 0, `${command} ${args.join(' ')}: ${complained}`);
  return said.trim();
}

function push(url: string, body: string): Promise<Response> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-ndjson' };
  return fetch(url, { method: 'POST', headers, body });
}

async function outcomes(log: string, name: string, dir: string): Promise<Record<string, number> | undefined> {
  const text = await output(['status', '--log', log, '--data', dir, '--json']);
  const { pipelines } = JSON.parse(text) as { pipelines: { pipeline: string; events: Record<string, number> }[] };
  return pipelines.find(({ pipeline }) => pipeline === name)?.events;
}

function answers(command: string, args: string[], found = /./): boolean {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 && found.test(stdout + stderr);
}

describe('producers', { skip: kafka.skip }, () => {
  test('the code of docs/sending-events.md, while processes behind the balancer die: each event counts once', async (t) => {
    const random = createRandom(printedSeed(t));
    const dir = temporary(t);
    const { pipeline, log, count, api, apart } = fleet(t, dir, kafka.address);
    // The raw topic is made here: its partitions count.
    await bring(
      kafka.address,
      pipeline.topic,
      Array.from({ length: PARTITIONS }, () => []),
    );
    count();
    const balancer = await balance(t);
    const apis = await Promise.all([apart(), api()]);
    balancer.ports.push(...apis.map(({ port }) => port));

    const [python] = codeOf('sending-events.md', 'python');
    const [node] = codeOf('sending-events.md', 'js');
    const [java] = codeOf('sending-events.md', 'java');
    const script = (name: string, code: string | undefined): string => {
      writeFileSync(path.join(dir, name), code ?? assert.fail(`no code for ${name}`));
      return path.join(dir, name);
    };
    const env = (partition: number): Record<string, string> => ({
      TOCSIN_EVENTS_URL: `${balancer.url}/api/v1/events/${pipeline.topic}?partition=${partition}`,
      TOCSIN_API_KEY: KEY,
    });
    const sets = [events(random, EVENTS), events(random, EVENTS), events(random, EVENTS)] as const;
    const lines = (set: readonly { line: string }[]): string => set.map(({ line }) => `${line}\n`).join('');
    const working = [produce(t, process.execPath, [script('send.mjs', node)], env(1), lines(sets[1]))];
    let sent = EVENTS;
    if (answers('python3', ['--version'])) {
      working.push(produce(t, 'python3', [script('send.py', python)], env(0), lines(sets[0])));
      sent += EVENTS;
    } else t.diagnostic('no python3 here');
    if (answers('java', ['--list-modules'], /jdk\.compiler/) && existsSync(kafkaJars())) {
      const args = ['-Xmx256m', ...quickJava(), '-cp', path.join(kafkaJars(), '*'), script('SendEvents.java', java)];
      const settings = { KAFKA_BROKERS: kafka.address, KAFKA_TOPIC: pipeline.topic };
      working.push(produce(t, 'java', args, settings, sets[2].map(({ id, line }) => `${id}\t${line}\n`).join('')));
      sent += EVENTS;
    } else t.diagnostic('no JDK here, or not the jars of Kafka');

    // Beside them: connections cut in mid-request, and a process killed and replaced.
    const done = new AbortController();
    const disturbing = (async () => {
      let cut = 0;
      for (let round = 0; round < DISTURBANCES && !done.signal.aborted; round++) {
        await sleep(100 + random.below(500));
        cut += balancer.cut();
        if (round !== 3) continue;
        apis[0].child.kill('SIGKILL');
        balancer.ports.splice(0, 1);
        void apart().then(({ port }) => balancer.ports.push(port));
      }
      t.diagnostic(`${cut} connections cut`);
    })();
    const printed = await Promise.all(working).finally(() => done.abort());
    await disturbing;
    assert.deepEqual(
      printed,
      printed.map(() => String(EVENTS)),
    );

    const counted = await until(
      'all of them to be counted',
      async () => {
        const found = await outcomes(log, pipeline.name, dir);
        return found?.['accepted'] === sent ? found : undefined;
      },
      60_000,
    );
    t.diagnostic(JSON.stringify(counted));
    assert.equal(counted['read'], counted['accepted']! + counted['duplicate']!);
    // What scales by lag looks at this group: the pipeline's name.
    await until('the lag of the group to be 0', () =>
      withKafka(kafka.address, async (_, connection) => {
        const lags = await connection.lag(pipeline.name, [pipeline.topic]);
        return lags.length === PARTITIONS && lags.every(({ lag }) => lag === 0);
      }),
    );

    // The same events once more, whole: nothing changes.
    const again = await push(env(1)['TOCSIN_EVENTS_URL']!, lines(sets[1]));
    assert.equal(again.status, 202);
    const last = await until('the repeats to be judged', async () => {
      const found = await outcomes(log, pipeline.name, dir);
      return found?.['duplicate'] === counted['duplicate']! + EVENTS ? found : undefined;
    });
    assert.equal(last['accepted'], sent);
  });

  test('what the pipeline writes itself is nobody else’s to push to', async (t) => {
    const { pipeline, api } = fleet(t, temporary(t), kafka.address);
    const { port } = await api();
    const at = (topic: string): string => `http://127.0.0.1:${port}/api/v1/events/${topic}`;
    for (const topic of ['windows', 'alerts', 'dlq', 'replay', 'partials', 'state', `snapshots.${pipeline.topic}`]) {
      const answer = await push(at(`${pipeline.name}.${topic}`), '{}\n');
      assert.equal(answer.status, 403, `${topic}: ${await answer.text()}`);
    }
    const unknown = await push(at(`${pipeline.topic}x`), '{}\n');
    assert.equal(unknown.status, 404);
    assert.match(await unknown.text(), new RegExp(`did you mean ${pipeline.topic}\\?`));
    const beyond = await push(`${at(pipeline.topic)}?partition=${PARTITIONS}`, '{}\n');
    assert.equal(beyond.status, 400);
  });
});

const own = await ownService('kafka');
test('while Kafka is away an answer waits for it; 202 means that it is there', { skip: own.skip }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.stop());
  const { pipeline, api } = fleet(t, temporary(t), broker.address);
  const { port } = await api();
  const url = `http://127.0.0.1:${port}/api/v1/events/${pipeline.topic}?partition=2`;
  assert.equal((await push(url, '{"n":1}\n')).status, 202);
  await broker.kill();
  let answered = false;
  const waiting = push(url, '{"n":2}\n').finally(() => (answered = true));
  await sleep(1_000);
  assert.equal(answered, false);
  await broker.restart();
  // Where a broker takes a minute for its start, the answer is 503 and the event is sent again, as producers do; only then it may be there twice.
  let tries = 1;
  let { status } = await waiting;
  for (; status === 503 && tries < 10; tries++) ({ status } = await push(url, '{"n":2}\n'));
  assert.equal(status, 202);
  const [first, ...second] = await valuesOf(broker.address, pipeline.topic, 2);
  assert.equal(first, '{"n":1}');
  assert.deepEqual(new Set(second), new Set(['{"n":2}']));
  assert.ok(second.length <= tries, `${second.length} of ${tries}`);
});
