/** What a log over Kafka does beyond the contract: owners that replace each other, readers, waiting, limits, holes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connectTo, freshName } from '../../../test/support/kafka-log.ts';
import { service } from '../../../test/support/services.ts';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { packRecords, recordAt } from '../batch.ts';
import { incrementalAlterConfigsV1 } from './client.ts';
import { createCluster } from './cluster.ts';
import { connectKafka } from './connection.ts';
import type { KafkaConnection } from './connection.ts';
import type { KafkaLog } from './kafka-log.ts';
import { parseKafkaUrl } from './url.ts';

const kafka = service('kafka');
const utf8 = (text: string): Uint8Array => Buffer.from(text);

describe('a log over Kafka', { skip: kafka.skip }, () => {
  let connection: KafkaConnection;
  let ledger: { topic: string; partition: number };
  let topic: string;
  let log: KafkaLog;

  before(async () => {
    connection = await connectTo(kafka.address);
    ledger = { topic: freshName(), partition: 0 };
    log = await connection.log(ledger);
    topic = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
  });
  after(() => connection?.close());

  async function stateOf(view: KafkaLog): Promise<string[]> {
    return (await view.state('')).map(([key, value]) => `${key}=${Buffer.from(value).toString()}`);
  }

  it('belongs to whoever opened it last: the former owner writes nothing that counts, is told so once it writes, and from then on', async () => {
    const place = { topic: freshName(), partition: 1, partitions: 2 };
    const first = await connection.log(place);
    await first.commit({ state: [['a', utf8('1')]], offsets: [{ group: 'g', topic, partition: 0, offset: 1 }] });
    const other = await connectTo(kafka.address);
    const second = await other.log(place);
    assert.deepEqual(await stateOf(second), ['a=1']);
    const late = { state: [['a', utf8('late')]] as const, offsets: [{ group: 'g', topic, partition: 0, offset: 9 }] };
    await assert.rejects(first.commit(late), { code: 'log_fenced', message: /taken .*\/1 over/ });
    await assert.rejects(first.commit({ appends: [{ topic, partition: 0, ...packRecords(['never']) }] }), { code: 'log_fenced' });
    assert.equal((await log.bounds(topic, 0)).end, 0, 'who knows that it was replaced appends nothing either');
    await second.commit({ state: [['b', utf8('2')]] });
    const third = await connection.log(place);
    assert.deepEqual(await stateOf(third), ['a=1', 'b=2']);
    assert.equal(await third.committed('g', topic, 0), 1);
    await other.close();
  });

  it('is neither taken over nor appended to by one that may have been replaced; what it has noted stays', async () => {
    const place = { topic: freshName(), partition: 0 };
    const name = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
    const standing = { isOurs: true };
    const holds = async (): Promise<boolean> => standing.isOurs;
    const owner = await connection.log(place, { holds });
    await owner.commit({ state: [['a', utf8('1')]], appends: [{ topic: name, partition: 0, ...packRecords(['told']) }] });
    standing.isOurs = false;
    const unit = { state: [['a', utf8('2')]] as const, appends: [{ topic: name, partition: 0, ...packRecords(['told late']) }] };
    await assert.rejects(owner.commit(unit), { code: 'log_fenced', message: /session of this process is over/ });
    assert.equal((await log.bounds(name, 0)).end, 1);
    await assert.rejects(connection.log(place, { holds }), { code: 'log_fenced' });
    await owner.commit({ state: [['b', utf8('1')]] });
    assert.deepEqual(await stateOf(owner), ['a=1', 'b=1'], 'nobody has taken it over');
  });

  it('can be looked at without being taken over', async () => {
    await log.commit({ state: [['seen', utf8('yes')]] });
    const view = await connection.log(ledger, { readOnly: true });
    assert.deepEqual(await stateOf(view), ['seen=yes']);
    await assert.rejects(view.commit({ state: [['x', null]] }), /reading only/);
    await log.commit({ state: [['seen', null]] });
    assert.deepEqual(await stateOf(await connection.log(ledger, { readOnly: true })), []);
    assert.deepEqual(await stateOf(await connection.log({ topic: 'not-there', partition: 0 }, { readOnly: true })), []);
  });

  it('rejects a record that is too large alone, naming the limit', async () => {
    const name = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
    const noise = randomBytes(3 << 20);
    const append = (value: string | Uint8Array): object => ({ topic: name, partition: 0, ...packRecords([value]) });
    const units = ['a', noise, 'b'].map((value) => log.commit({ appends: [append(value) as never] }));
    const settled = await Promise.allSettled(units);
    assert.deepEqual(
      settled.map((each) => (each.status === 'fulfilled' ? each.value[0] : (each.reason as { code: string }).code)),
      [0, 'record_too_large', 1],
    );
    assert.match(String((settled[1] as PromiseRejectedResult).reason), /max\.message\.bytes/);
    // What compresses well fits, however long it is.
    assert.deepEqual(await log.commit({ appends: [append('x'.repeat(4 << 20)) as never] }), [2]);
    assert.equal((await log.read(name, 0, 2, { maxBytes: 10 }))!.bytes.length, 4 << 20);
  });

  it('sends many small records as batches that the topic takes', async () => {
    const name = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
    const cluster = await createCluster(parseKafkaUrl(`kafka://${kafka.address}`, {}), { clock: systemClock, logger: silentLogger });
    const setting = { name: 'max.message.bytes', configOperation: 0 as const, value: '8192' };
    const resource = { resourceType: 2 as const, resourceName: name, configs: [setting] };
    await cluster.call(incrementalAlterConfigsV1.api, await cluster.controller(), [[resource], false]);
    cluster.close();
    const units = [0, 1, 2].map((u) => Array.from({ length: 300 }, (_, i) => `${u}/${i} ${randomBytes(100).toString('hex')}`));
    // Brokers take up the setting a moment after they know it.
    await until(async () => {
      const refused = await log
        .commit({ appends: [{ topic: name, partition: 0, ...packRecords([randomBytes(9_000)]) }] })
        .catch(() => true);
      return refused === true;
    });
    const { end } = await log.bounds(name, 0);
    const commits = units.map((values) => log.commit({ appends: [{ topic: name, partition: 0, ...packRecords(values) }] }));
    assert.deepEqual(await Promise.all(commits), [[end], [end + 300], [end + 600]]);
    const read: string[] = [];
    while (read.length < 900) {
      const batch = (await log.read(name, 0, end + read.length, { maxBytes: 1 << 20 }))!;
      for (let i = 0; i < batch.count; i++) read.push(Buffer.from(recordAt(batch, i)).toString());
    }
    assert.deepEqual(read, units.flat());
  });

  it('rejects more state than goes into one batch, and says what makes it smaller', async () => {
    await assert.rejects(log.commit({ state: [['large', randomBytes(33 << 20)]] }), {
      code: 'record_too_large',
      message: /takes \d+ bytes of state.*at most 33554432.*limits\.max_series.*partitions.*--new-revision/,
    });
    await log.commit({ state: [['small', utf8('taken')]] });
    await log.commit({ state: [['small', null]] });
  });

  it('takes a record as large as a topic was made for', async () => {
    const name = (await log.ensureTopic(freshName(), { partitions: 1, recordBytes: 2 << 20 })).name;
    const append = (value: Uint8Array): Promise<number[]> =>
      log.commit({ appends: [{ topic: name, partition: 0, ...packRecords([value]) }] });
    assert.deepEqual(await append(randomBytes((2 << 20) - 1_000)), [0]);
    await assert.rejects(append(randomBytes(3 << 20)), { code: 'record_too_large' });
    await log.ensureTopic(name, { partitions: 1, retentionMs: 86_400_000, recordBytes: 4 << 20 });
    await assert.rejects(append(randomBytes(3 << 20)), { code: 'record_too_large' }, 'one that is there keeps its own');
  });

  it('tells who has read further that the partition is another one', async () => {
    const name = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
    await log.commit({ appends: [{ topic: name, partition: 0, ...packRecords(['a', 'b']) }] });
    const read = (offset: number) => log.read(name, 0, offset, { maxBytes: 10, isNoted: true });
    assert.equal(await read(2), undefined);
    await assert.rejects(read(3), { code: 'log_unreadable', message: /ends at offset 2.*offset 3 before/ });
    assert.equal(await log.read(name, 0, 3, { maxBytes: 10 }), undefined);
  });

  it('waits for what comes, where it is asked to', async () => {
    const name = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
    const since = systemClock.elapsed();
    assert.equal(await log.read(name, 0, 0, { maxBytes: 10, waitMs: 300 }), undefined);
    assert.ok(systemClock.elapsed() - since >= 290);
    const waiting = log.read(name, 0, 0, { maxBytes: 10, waitMs: 20_000 });
    await log.commit({ appends: [{ topic: name, partition: 0, ...packRecords(['come']) }] });
    assert.equal(Buffer.from(recordAt((await waiting)!, 0)).toString(), 'come');
    assert.ok(systemClock.elapsed() - since < 15_000);
  });

  it('serves several readers of one partition, each from its own place', async () => {
    const name = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
    const values = Array.from({ length: 5_000 }, (_, i) => `${i} ${'x'.repeat(i % 90)}`);
    for (let i = 0; i < values.length; i += 500) {
      await log.commit({ appends: [{ topic: name, partition: 0, ...packRecords(values.slice(i, i + 500)) }] });
    }
    const readFrom = async (start: number, maxBytes: number): Promise<string[]> => {
      const found: string[] = [];
      for (let next = start; next < values.length;) {
        const batch = (await log.read(name, 0, next, { maxBytes }))!;
        assert.equal(batch.firstOffset, next);
        for (let i = 0; i < batch.count; i++) found.push(Buffer.from(recordAt(batch, i)).toString());
        next += batch.count;
      }
      return found;
    };
    const [a, b, c] = await Promise.all([readFrom(0, 1_000), readFrom(0, 70_000), readFrom(2_345, 500)]);
    assert.deepEqual([a, b, c], [values, values, values.slice(2_345)]);
  });

  it('lets who was asked to stop note what it did, also through connections that it has to make for that', async () => {
    const stop = new AbortController();
    const config = parseKafkaUrl(`kafka://${kafka.address}`, {});
    const stopping = await connectKafka(config, { clock: systemClock, logger: silentLogger, signal: stop.signal });
    stop.abort();
    const view = await stopping.log({ topic: freshName(), partition: 0 });
    await view.commit({ state: [['a', utf8('1')]] });
    assert.deepEqual(await stateOf(view), ['a=1']);
    await stopping.close();
  });

  it('says where nobody listens, and who does not speak Kafka', async () => {
    const quiet = { clock: systemClock, logger: silentLogger };
    await assert.rejects(connectKafka(parseKafkaUrl('kafka://127.0.0.1:1', {}), quiet), {
      code: 'log_unavailable',
      retryable: true,
      message: /kafka:\/\/127\.0\.0\.1:1: cannot connect: .*ECONNREFUSED/,
    });
    const signal = AbortSignal.timeout(300);
    await assert.rejects(connectKafka(parseKafkaUrl('kafka://127.0.0.1:1', {}), { ...quiet, signal }), { code: 'log_unavailable' });
    assert.ok(signal.aborted, 'with a signal it waits until that says stop');
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await assert.rejects(connectKafka(parseKafkaUrl(`kafka://127.0.0.1:${port}`, {}), quiet), {
      name: 'AppError',
      message: new RegExp(`127.0.0.1:${port}`),
    });
    server.close();
  });

  it('takes what a process writes whose clock is hours ahead, with the times of the broker, where topics are so made or become so', async () => {
    const kept = { partitions: 1, retentionMs: 3_600_000, keeperTimes: true } as const;
    const plain = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
    const earlier = (await log.ensureTopic(freshName(), { partitions: 1 })).name;
    const ahead = await connectTo(kafka.address, { ...systemClock, now: () => systemClock.now() + 5 * 3_600_000 });
    const late = await ahead.log({ topic: freshName(), partition: 0 });
    const unit = (name: string) => ({
      appends: [{ topic: name, partition: 0, ...packRecords(['ahead']) }],
      state: [['a', utf8('1')]] as const,
    });
    await assert.rejects(late.commit(unit(plain)), { code: 'log_refused', message: /Set the clocks/ });
    const since = systemClock.now();
    for (const name of [(await late.ensureTopic(freshName(), kept)).name, (await late.ensureTopic(earlier, kept)).name]) {
      await late.commit(unit(name));
      const [at] = (await log.read(name, 0, 0, { maxBytes: 10 }))!.appendTimes;
      assert.ok(Math.abs(at! - since) < 60_000, `${at! - since} ms`);
      assert.equal(await log.offsetAt(name, 0, since - 60_000), 0);
    }
    assert.deepEqual(await stateOf(late), ['a=1']);
    await ahead.close();
  });

  it('refuses a ledger that Kafka would delete by age', async () => {
    const name = (await log.ensureTopic(freshName(), { partitions: 1, retentionMs: 1_000 })).name;
    await assert.rejects(connection.log({ topic: name, partition: 0 }), {
      code: 'topic_conflict',
      message: /cleanup\.policy=delete.*compact/,
    });
  });

  it('adds the partitions that a topic of ledgers lacks, and leaves those that are there as they are', async () => {
    const name = freshName();
    const first = await connection.log({ topic: name, partition: 0 });
    await first.commit({ state: [['kept', utf8('yes')]] });
    const sixth = await connection.log({ topic: name, partition: 5 });
    await sixth.commit({ state: [['its own', utf8('too')]] });
    const view = (partition: number) => connection.log({ topic: name, partition }, { readOnly: true });
    assert.deepEqual([await stateOf(await view(0)), await stateOf(await view(5))], [['kept=yes'], ['its own=too']]);
    assert.equal((await log.topics()).find((each) => each.name === name)?.partitions, 6);
    await first.commit({ state: [['kept', utf8('still')]] });
  });
});
