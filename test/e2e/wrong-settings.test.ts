/**
 * What a person meets who has set something wrong: one message that names the setting and the mend, exit code 2 where waiting cannot
 * help, waiting where it can; against real services.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/services/port.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import type { Service } from '../../scripts/services/service.ts';
import type { RunOptions } from '../../src/app/run/run-options.ts';
import { runPipelines } from '../../src/app/run.ts';
import { AppError } from '../../src/core/errors.ts';
import { parseOlapAddress } from '../../src/olap-store/clickhouse/address.ts';
import { createClickHouseStore } from '../../src/olap-store/clickhouse/clickhouse-store.ts';
import { MIGRATIONS } from '../../src/olap-store/clickhouse/migrations.ts';
import { testClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { freshName } from '../support/kafka-log.ts';
import { ownService, service } from '../support/services.ts';
import { bring } from './kafka-topic.ts';
import { ownPipeline } from './own-pipeline.ts';
import { securedMissing, startSecuredBroker, type SecuredBroker } from './secured-broker.ts';
import { startFor, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

/** Beside what is wrong. A busy broker that has just been started is waited for. */
const BY_THE_WAY =
  /^$|^tocsin: running |: stands by, another process is active$|(COORDINATOR_|timed out\.).* Waiting, and trying again\.$|: reached again \(/;
const kafka = service('kafka');
const skip = kafka.skip || (await ownService('redis')).skip || securedMissing;
type Settings = Pick<RunOptions, 'log' | 'hotStore'> & Partial<Pick<RunOptions, 'olapStore'>>;
const EVENTS = Array.from({ length: 50 }, (_, i) =>
  JSON.stringify({
    event_id: `00000000-0000-4000-8000-00000000${String(i).padStart(4, '0')}`,
    event_type: 'impression',
    event_time: new Date(Date.UTC(2026, 2, 2, 9, 0, 10 * i)).toISOString(),
    user_id: `u${i}`,
    campaign_id: 'c1',
    country: 'US',
    ad_format: 'banner',
    device: 'web',
    bid_price: 0.01,
    revenue: 0.01,
  }),
);

describe('wrong settings', { skip, concurrency: 8 }, () => {
  let dir = '';
  let secured: SecuredBroker;
  let locked: Service;
  let full: Service;
  let olap: TestClickHouse;
  let own: ReturnType<typeof ownPipeline>;
  let absent: ReturnType<typeof ownPipeline>;
  const fakes: Server[] = [];
  const ports = { oldKafka: 0, oldRedis: 0, oldOlap: 0, silent: 0, nothing: 0 };

  before(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'tocsin-wrong-'));
    const folder = (name: string): string => {
      mkdirSync(path.join(dir, name));
      return path.join(dir, name);
    };
    own = ownPipeline(folder('own'), 1);
    absent = ownPipeline(folder('absent'), 1);
    writeFileSync(path.join(dir, 'no.pem'), 'no certificate');
    const listen = async (server: Server): Promise<number> => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      fakes.push(server);
      return (server.address() as AddressInfo).port;
    };
    [secured, locked, full, olap] = await Promise.all([
      startSecuredBroker(folder('broker'), [own.topic]),
      startRedis({ args: ['--requirepass', 'right'] }),
      startRedis({ args: ['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction'] }),
      testClickHouse(),
    ]);
    await bring(kafka.address, own.topic, [EVENTS]);
    await haveTablesOfTomorrow(olap);
    ports.oldKafka = await listen(oldKafka());
    ports.oldRedis = await listen(answering("-ERR unknown command 'HELLO'\r\n"));
    ports.silent = await listen(answering(''));
    ports.oldOlap = await listen(createHttpServer((request, response) => request.resume() && response.end('{"version":"22.3.1"}\n')));
    ports.nothing = await freePort();
  });
  after(async () => {
    for (const server of fakes) server.close();
    await Promise.all([secured?.service, locked, full, olap].map((each) => each?.stop()));
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  const plain = (): string => `kafka://${kafka.address}`;
  const olapUrl = (): URL => new URL(olap.address);

  interface Case {
    readonly what: string;
    readonly settings: () => Settings;
    readonly file?: () => string;
    readonly says: RegExp;
    /** Default: both. */
    readonly only?: 'once' | 'live';
  }

  /** Refused: exit code 2, soon, and nothing else is said. */
  const ENDS: readonly Case[] = [
    {
      what: "Kafka's password",
      settings: () => ({ log: secured.log('alice', 'wrong-secret') }),
      says: /refused user and password\. Check TOCSIN_KAFKA_USERNAME, TOCSIN_KAFKA_PASSWORD/,
    },
    {
      what: 'no login at a broker that wants one',
      settings: () => ({ log: `kafka://${secured.service.address}?ca=${secured.ca}` }),
      says: /Set sasl= in --log, with TOCSIN_KAFKA_USERNAME and TOCSIN_KAFKA_PASSWORD/,
      only: 'once',
    },
    {
      what: 'a login at a broker that takes none',
      settings: () => ({ log: `kafka://alice:alice-secret@${kafka.address}?sasl=plain` }),
      says: /takes no login on this port\. Leave sasl= and the user out of --log/,
      only: 'live',
    },
    {
      what: 'another way to log in',
      settings: () => ({ log: secured.log('alice').replace('sasl=plain', 'sasl=scram-sha-512') }),
      says: /Set sasl= in --log to one that its listener has enabled/,
      only: 'once',
    },
    {
      what: "a certificate of Kafka's that nobody vouches for",
      settings: () => ({ log: secured.log('alice').replace(/ca=[^&]*/, 'tls=true') }),
      says: /TLS failed: self-signed certificate\. Check tls=, ca=/,
      only: 'once',
    },
    {
      what: 'a ca= that is no certificate',
      settings: () => ({ log: `kafka://${secured.service.address}?ca=${path.join(dir, 'no.pem')}` }),
      says: /--log: ca=\S*no\.pem is not in PEM format; expected/,
      only: 'once',
    },
    {
      what: 'TLS to a port of Kafka without it',
      settings: () => ({ log: `kafka://${kafka.address}?tls=true` }),
      says: /one side speaks TLS and the other does not\. Set tls=true or tls=false in --log/,
      only: 'live',
    },
    {
      what: 'no TLS to a port of Kafka with it',
      settings: () => ({ log: `kafka://${secured.service.address}` }),
      says: /one side speaks TLS and the other does not\. Set tls=true or tls=false in --log/,
      only: 'once',
    },
    {
      what: "another service's scheme",
      settings: () => ({ log: `http://${kafka.address}` }),
      says: /--log: http:\S* is not an address of Kafka; expected kafka:/,
      only: 'live',
    },
    {
      what: 'an old Kafka',
      settings: () => ({ log: `kafka://127.0.0.1:${ports.oldKafka}` }),
      says: /too old .*Kafka 3\.1 or newer: upgrade it, or name another in --log/,
    },
    {
      what: 'a topic that is not there',
      settings: () => ({ log: `kafka://${kafka.address}` }),
      file: () => absent.file,
      says: /there is no topic \S+ at kafka:\S+, and --once reads what is there\. Check .*`source:` .*tocsin ingest/,
      only: 'once',
    },
    {
      what: 'topics that may not be made',
      settings: () => ({ log: secured.log('reader') }),
      file: () => absent.file,
      says: /Topic \S+ cannot be created .*create it beforehand, or let this user create topics \(kafka-acls/,
      only: 'live',
    },
    {
      what: 'topics that may not be seen',
      settings: () => ({ log: secured.log('nobody') }),
      says: /no permission to .*TOPIC_AUTHORIZATION_FAILED.*kafka-acls/,
    },
    {
      what: 'a group that may not be joined',
      settings: () => ({ log: secured.log('groupless') }),
      says: /no permission to be a member of group \S+ \(GROUP_AUTHORIZATION_FAILED\)\. This user lacks the right Read on the consumer group/,
    },
    {
      what: 'a topic that is there and may not be written',
      settings: () => ({ log: secured.log('writeless') }),
      says: /no permission to append to \S+ \(TOPIC_AUTHORIZATION_FAILED\)\. This user lacks the right Write on the topic: kafka-acls --add --operation Write\.$/,
      only: 'once',
    },
    {
      what: "Redis's password",
      settings: () => ({ log: plain(), hotStore: `redis://:wrong-secret@${locked.address}` }),
      says: /Redis at redis:\S+ refused user or password\. Check TOCSIN_REDIS_PASSWORD .*--hot-store/,
      only: 'once',
    },
    {
      what: 'no password at a Redis that wants one',
      settings: () => ({ log: plain(), hotStore: `redis://${locked.address}` }),
      says: /wants a password and got none\. Set TOCSIN_REDIS_PASSWORD/,
      only: 'live',
    },
    {
      what: 'a database that Redis does not have',
      settings: () => ({ log: plain(), hotStore: `redis://${full.address}/77` }),
      says: /no such database.*--hot-store redis:/,
      only: 'once',
    },
    {
      what: 'an old Redis',
      settings: () => ({ log: plain(), hotStore: `redis://127.0.0.1:${ports.oldRedis}` }),
      says: /too old .*Redis 6 or newer: upgrade it, or name another in --hot-store/,
      only: 'once',
    },
    {
      what: 'a port of HTTP as that of Redis',
      settings: () => ({ log: plain(), hotStore: `redis://${olapUrl().host}` }),
      says: /does not speak as Redis does\. Name the port of Redis in --hot-store/,
      only: 'live',
    },
    {
      what: 'no scheme for Redis',
      settings: () => ({ log: plain(), hotStore: full.address }),
      says: /--hot-store 127\S+: expected memory, or an address such as redis:/,
      only: 'once',
    },
    {
      what: "ClickHouse's password",
      settings: () => ({ log: plain(), olapStore: `http://tocsin:wrong-secret@${olapUrl().host}` }),
      says: /refused user or password\. Check TOCSIN_CLICKHOUSE_PASSWORD .*--olap-store/,
    },
    {
      what: 'TLS to a ClickHouse without it',
      settings: () => ({ log: plain(), olapStore: `https://tocsin:x@${olapUrl().host}` }),
      says: /no TLS is spoken there.*Write http:\/\/ in --olap-store/,
      only: 'live',
    },
    {
      what: 'another scheme for ClickHouse',
      settings: () => ({ log: plain(), olapStore: `clickhouse://${olapUrl().host}` }),
      says: /--olap-store: found clickhouse:\S+ is no OLAP store; expected embedded, none, or an address such as http:/,
      only: 'once',
    },
    {
      what: 'tables of a later version in ClickHouse',
      settings: () => ({ log: plain(), olapStore: olap.address }),
      says: /have version 99; this Tocsin knows version \d+\. Run the newer Tocsin .*--olap-store/,
    },
    {
      what: 'an old ClickHouse',
      settings: () => ({ log: plain(), olapStore: `http://127.0.0.1:${ports.oldOlap}` }),
      says: /ClickHouse 22\.3\.1; expected 24\.8 or newer\. Upgrade it, or name another in --olap-store/,
      only: 'once',
    },
  ];

  /** A live run waits, says so once, and ends in good order; `--once` ends with exit code 2 and says what is lacking. */
  const WAITS: readonly (Case & { readonly lacks?: RegExp; readonly fresh?: true })[] = [
    {
      what: 'a Kafka that is not there',
      settings: () => ({ log: `kafka://127.0.0.1:${ports.nothing}` }),
      says: /cannot connect: .*ECONNREFUSED.* Is Kafka running there, and is --log right\?/,
    },
    {
      what: 'a Kafka with a name that is none',
      settings: () => ({ log: 'kafka://kafka.invalid:9092' }),
      says: /cannot connect: .*kafka\.invalid.*is --log right\?/,
      only: 'once',
    },
    {
      what: 'a port of HTTP as that of Kafka',
      settings: () => ({ log: `kafka://${olapUrl().host}` }),
      says: /cannot connect: .*is --log right\? It ended without an answer of Kafka's, as at a port that is not Kafka's/,
    },
    {
      what: 'a port that says nothing as that of Kafka',
      settings: () => ({ log: `kafka://127.0.0.1:${ports.silent}` }),
      says: /no answer within 10 s\. Is that the port of Kafka, and is --log right\?/,
      only: 'once',
    },
    {
      what: 'a login without TLS at a port of Kafka with it',
      settings: () => ({ log: `kafka://alice:alice-secret@${secured.service.address}?sasl=plain` }),
      says: /ends before the login\. If the port speaks TLS, set tls=true in --log/,
      only: 'once',
    },
    {
      what: 'a Redis that is not there',
      settings: () => ({ log: plain(), hotStore: `redis://127.0.0.1:${ports.nothing}` }),
      says: /cannot be reached \(ECONNREFUSED\)\. Check the address in --hot-store and that Redis runs/,
      lacks: /the hot store lacks [\d,]+ rows? of the log\. .*--hot-store/,
      fresh: true,
    },
    {
      what: 'a Redis without memory',
      settings: () => ({ log: plain(), hotStore: `redis://${full.address}?prefix=${freshName()}` }),
      says: /Redis at \S+ is out of memory\. Raise its `maxmemory`, or keep less: .*--hot-store/,
      lacks: /the hot store lacks [\d,]+ rows? of the log\. .*--hot-store/,
      fresh: true,
    },
    {
      what: 'a ClickHouse that is not there',
      settings: () => ({ log: plain(), olapStore: `http://127.0.0.1:${ports.nothing}` }),
      says: /cannot be reached \(ECONNREFUSED\)\. Check the address in --olap-store and that ClickHouse runs/,
      lacks: /the OLAP store lacks [\d,]+ records? of the log; .*--olap-store/,
      fresh: true,
    },
  ];

  // The slow ones first: the others run beside them.
  for (const one of WAITS) {
    for (const mode of one.only ? [one.only] : (['once', 'live'] as const)) {
      test(`${one.what}: ${mode === 'once' ? 'said, and given up with --once' : 'waited for, and said once'}`, async (t) => {
        const folder = temporary(t);
        const { file, topic } = one.fresh ? ownPipeline(folder, 1) : own;
        if (one.fresh) await bring(kafka.address, topic, [EVENTS]);
        const stop = new AbortController();
        // One that is not what is expected must not keep the tests from ending.
        t.after(() => stop.abort());
        const ran = run(file, folder, one.settings(), mode, stop.signal);
        if (mode === 'live') {
          await until('the message', () => ran.ended() || matching(ran.stderr(), one.says).length > 0, 60_000);
          // Long enough for several attempts more.
          await sleep(2_500);
          assert.equal(ran.ended(), false, `it has ended: ${ran.stderr()}`);
          stop.abort();
        }
        const { code, stdout, stderr } = await ran.result;
        assert.equal(matching(stderr, one.says).length, 1, stderr);
        checkText(stderr);
        assert.equal(code, mode === 'live' ? 0 : 2, stderr);
        if (mode === 'live' || !one.lacks) return;
        assert.match(stderr.trimEnd().split('\n').at(-1)!, one.lacks);
        // What was computed is told all the same.
        assert.equal((JSON.parse(stdout) as { events: { accepted: number } }).events.accepted, EVENTS.length);
      });
    }
  }

  for (const one of ENDS) {
    for (const mode of one.only ? [one.only] : (['once', 'live'] as const)) {
      test(`${one.what}: refused${mode === 'once' ? ' with --once' : ''}, exit code 2`, async (t) => {
        const folder = temporary(t);
        const { code, stdout, stderr } = await run(one.file?.() ?? own.file, folder, one.settings(), mode).result;
        const said = stderr.split('\n').filter((line) => !BY_THE_WAY.test(line));
        assert.equal(said.length, 1, stderr);
        assert.match(said[0]!, one.says);
        checkText(stderr);
        assert.deepEqual([code, stdout], [2, '']);
      });
    }
  }

  test('by the command line: refused, with the password from the environment', async (t) => {
    const args = ['run', own.file, '--data', path.join(temporary(t), 'data'), '--log', secured.log('alice').replace(/\/\/.*@/, '//')];
    const env = { TOCSIN_KAFKA_USERNAME: 'alice', TOCSIN_KAFKA_PASSWORD: 'wrong-secret' };
    const { code, stdout, stderr } = await startFor(t, args, { env }).ended;
    assert.deepEqual([code, stdout, stderr.trimEnd().split('\n').length], [2, '', 1], stderr);
    assert.match(stderr, /^tocsin: .*refused user and password\. Check TOCSIN_KAFKA_USERNAME, TOCSIN_KAFKA_PASSWORD/);
    checkText(stderr);
  });

  test('by the command line: waited for, until it is stopped', async (t) => {
    const args = ['run', own.file, '--data', path.join(temporary(t), 'data'), '--log', `kafka://127.0.0.1:${ports.nothing}`];
    const running = startFor(t, args);
    await until('the message', () => running.stderr().includes('Waiting, and trying again.'));
    const { code, stderr } = await running.stop('SIGTERM');
    assert.deepEqual([code, stderr.trimEnd().split('\n').length], [0, 1], stderr);
  });
});

function checkText(text: string): void {
  assert.doesNotMatch(text, /-secret/, 'a secret is shown');
  assert.doesNotMatch(text, /^\s+at |a fault in Tocsin/m, 'a stack trace');
}

function matching(text: string, says: RegExp): string[] {
  return text.split('\n').filter((line) => says.test(line));
}

/** As the command does it, in this process: dozens of processes would take minutes. Codes as in cli/main.ts. */
function run(file: string, folder: string, settings: Settings, mode: 'once' | 'live', stop = new AbortController().signal) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const texts = { stdout: '', stderr: '' };
  out.on('data', (part: Buffer) => (texts.stdout += part.toString()));
  err.on('data', (part: Buffer) => (texts.stderr += part.toString()));
  const options = {
    once: mode === 'once',
    json: mode === 'once',
    notify: false,
    quiet: false,
    sessionMs: 2_000,
    revision: { kind: 'same' },
  } as const;
  let ended = false;
  const result = runPipelines(
    { files: [file], data: path.join(folder, 'data'), olapStore: 'none', ...options, ...settings },
    { stdin: new PassThrough(), stdout: out, stderr: err, signal: stop },
  )
    .then(
      () => 0,
      (error: unknown) => {
        assert.ok(error instanceof AppError, `${error instanceof Error ? error.stack : String(error)}`);
        texts.stderr += `tocsin: ${error.message}\n`;
        return 2;
      },
    )
    .then(async (code) => {
      // What was written last is read in the next turn.
      await nextTurn();
      ended = true;
      return { code, ...texts };
    });
  return { result, ended: () => ended, stderr: () => texts.stderr };
}

async function haveTablesOfTomorrow({ address }: TestClickHouse): Promise<void> {
  const parsed = parseOlapAddress(address, {});
  assert.ok(parsed.kind === 'server');
  const later = [...MIGRATIONS, { number: 99, name: 'of tomorrow', statements: [] }];
  const store = createClickHouseStore({ database: parsed.database }, { endpoint: () => parsed.endpoint, migrations: later });
  await store.ping();
  await store.close();
}

/** Says the same to whatever comes. */
function answering(text: string): Server {
  return createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(text)));
}

/** A broker of 2017: answers ApiVersions, with a Metadata of version 5 at most. */
function oldKafka(): Server {
  const apis = [
    [3, 5],
    [18, 3],
  ] as const;
  return createServer((socket) =>
    socket
      .on('error', () => {})
      .on('data', (request: Buffer) => {
        const parts = [int32(request.readInt32BE(8)), int16(0), Buffer.of(apis.length + 1)];
        for (const [key, most] of apis) parts.push(int16(key), int16(0), int16(most), Buffer.of(0));
        const body = Buffer.concat([...parts, int32(0), Buffer.of(0)]);
        socket.write(Buffer.concat([int32(body.length), body]));
      }),
  );
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
