/** Topics that others have written: kcat (librdkafka) and the Java client, with whatever they put into them. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { quickJava } from '../../../scripts/services/kafka-archive.ts';
import { kafkaJars } from '../../../scripts/services/kafka-jars.ts';
import { programPath } from '../../../scripts/services/packages.ts';
import { connectTo, freshName } from '../../../test/support/kafka-log.ts';
import { service } from '../../../test/support/services.ts';
import { keyAt, recordAt } from '../batch.ts';
import { unreadRecords } from '../unread.ts';
import type { KafkaConnection } from './connection.ts';
import type { KafkaLog } from './kafka-log.ts';

const kafka = service('kafka');
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const LIMITS = { maxBytes: 50_000 };
const PROGRAM = path.resolve(import.meta.dirname, '../../../test/support/kafka-foreign.java');

type Row = [offset: number, key: string | undefined, value: string | null];

describe('topics of other producers', { skip: kafka.skip }, () => {
  let connection: KafkaConnection;
  let log: KafkaLog;

  before(async () => {
    connection = await connectTo(kafka.address);
    log = await connection.log({ topic: freshName(), partition: 0 });
  });
  after(() => connection?.close());

  async function freshTopic(): Promise<string> {
    return (await log.ensureTopic(freshName(), { partitions: 1 })).name;
  }

  async function rows(topic: string, from = 0): Promise<Row[]> {
    const found: Row[] = [];
    for (let next = from; ;) {
      const batch = await log.read(topic, 0, next, LIMITS);
      if (!batch) return found;
      for (let i = 0; i < batch.count; i++) {
        const key = keyAt(batch, i);
        const value = batch.tombstones?.[i] === 1 ? null : Buffer.from(recordAt(batch, i)).toString();
        found.push([batch.firstOffset + i, key && Buffer.from(key).toString(), value]);
      }
      next = batch.firstOffset + batch.count;
    }
  }

  it('of kcat: every codec, headers, no key, tombstones', { skip: programPath('kcat') === undefined && 'needs kcat' }, async () => {
    const topic = await freshTopic();
    const expected: Row[] = [];
    for (const codec of CODECS) {
      const lines = Array.from({ length: 300 }, (_, i) => `k${i}:${i % 7 === 0 ? '' : `${codec} ${'값'.repeat(i % 20)}`}`);
      const args = ['-b', kafka.address, '-t', topic, '-P', '-p', '0', '-z', codec, '-K', ':', '-Z', '-H', 'trace=abc'];
      execFileSync('kcat', args, { input: `${lines.join('\n')}\n` });
      for (const line of lines) {
        const [key, value] = line.split(':') as [string, string];
        expected.push([expected.length, key, value === '' ? null : value]);
      }
    }
    execFileSync('kcat', ['-b', kafka.address, '-t', topic, '-P', '-p', '0'], { input: 'no key\n' });
    expected.push([expected.length, undefined, 'no key']);
    assert.deepEqual(await rows(topic), expected);
    assert.deepEqual(await rows(topic, 777), expected.slice(777));
    assert.equal(await log.appendTimesOf(topic), 'producer');
  });

  const java = answers('java', ['--list-modules'], /jdk\.compiler/) && existsSync(kafkaJars());
  describe('of the Java client', { skip: !java && 'needs a JDK and the jars of Kafka' }, () => {
    const args = (topic: string, what: string): string[] => [
      '-Xmx256m',
      ...quickJava(),
      '-cp',
      path.join(kafkaJars(), '*'),
      PROGRAM,
      kafka.address,
      topic,
      what,
    ];

    it('every codec, headers, no key, tombstones', async () => {
      const topic = await freshTopic();
      await promisify(execFile)('java', args(topic, 'codecs'));
      const expected = CODECS.flatMap((codec, c) =>
        Array.from({ length: 2_000 }, (_, i): Row => {
          return [c * 2_000 + i, i % 3 === 0 ? undefined : `${codec}${i}`, i % 5 === 0 ? null : `${codec} ${i} 값`];
        }),
      );
      assert.deepEqual(await rows(topic), expected);
    });

    it('transactions: what was taken back is not read, nor what is still open', async () => {
      const topic = await freshTopic();
      const child = spawn('java', args(topic, 'transactions'), { stdio: ['pipe', 'pipe', 'inherit'] });
      try {
        const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        assert.equal((await said.next()).value, 'open');
        const values = async (): Promise<string[]> => (await rows(topic)).map(([, , value]) => String(value)).sort();
        const expected = ['b1', 'b2', 'b4', 'b5', 'a1', "a1'", 'a3', "a3'", 'a5', "a5'"].sort();
        assert.deepEqual(await values(), expected);
        const { end } = await log.bounds(topic, 0);
        child.stdin.write('\n');
        assert.equal((await said.next()).value, 'committed');
        // The marker comes a moment after the answer to the producer.
        assert.ok(await log.read(topic, 0, end, { ...LIMITS, waitMs: 10_000 }));
        assert.deepEqual(await values(), [...expected, 'open'].sort());
        const last = (await rows(topic)).at(-1)![0];
        const bounds = await log.bounds(topic, 0);
        assert.ok(bounds.end > end, 'an open transaction holds the end back');
        assert.ok(bounds.end > last + 1, 'the marker has an offset');
        assert.equal(await unreadRecords(log, { topic, partition: 0, offset: last + 1, end: bounds.end }), 0, 'and is no record');
        if (child.exitCode === null) await once(child, 'exit');
      } finally {
        child.kill('SIGKILL');
      }
    });
  });
});

function answers(command: string, args: string[], expected = /./): boolean {
  try {
    return expected.test(execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return false;
  }
}
