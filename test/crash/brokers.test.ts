/**
 * A pipeline on three brokers that hold copies of each other's partitions. It waits until the third has come up; then one after the
 * other is killed, or stopped as for an upgrade, and comes back, each when the copies of the one before are whole again: else the last whole
 * one may die, and Kafka itself waits for it. Leaders, coordinators and controllers move; nothing waits for the one
 * that is away, and everything is what follows from the raw topic. `TOCSIN_SEED` has the same plan again. Each of three once, and one for good; with SOAK=1 (`make soak`) 40 times.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaCluster } from '../../scripts/services/kafka-cluster.ts';
import type { Service } from '../../scripts/services/service.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createRandom } from '../../src/core/random.ts';
import { metadataV12 } from '../../src/log/kafka/client.ts';
import { createCluster } from '../../src/log/kafka/cluster.ts';
import { mayPass } from '../../src/log/kafka/errors.ts';
import { parseKafkaUrl } from '../../src/log/kafka/url.ts';
import { valuesOf, withKafka } from '../e2e/kafka-topic.ts';
import { ownPipeline } from '../e2e/own-pipeline.ts';
import { output, printedSeed, tocsin, until } from '../e2e/tocsin.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { ownService } from '../support/services.ts';
import { temporary } from '../support/temporary.ts';
import { adEvents } from './ad-events.ts';
import { alertsFollow, holdsLetters, holdsRows, judgeTopic, newestRows, untilTold } from './checks.ts';
import { createFleet } from './fleet.ts';
import { createSender } from './sender.ts';

const SOAK = process.env['SOAK'] === '1';
const BROKERS = 3;
const FAULTS = SOAK ? 39 : BROKERS;
const ROUNDS = SOAK ? 6 : 1;
const PARTITIONS = 4;
const AWAY_MS = 2_500;
const SEND_PAUSE_MS = 40;

/** Partitions whose copies are not all in sync, as the brokers say; undefined where they cannot say it just now. */
async function behind(address: string): Promise<string[] | undefined> {
  const cluster = await createCluster(parseKafkaUrl(`kafka://${address}`, {}), { clock: systemClock, logger: silentLogger });
  try {
    const { topics } = await cluster.call(metadataV12.api, 'any', [null, false, false]);
    return topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ isrNodes }) => isrNodes.length < BROKERS)
        .map(({ partitionIndex, leaderId, isrNodes }) => `${name}/${partitionIndex}: leader ${leaderId}, in sync ${isrNodes.join()}`),
    );
  } catch (error) {
    // Of a partition that has no leader, or a broker that is not quite there.
    if (!mayPass(error)) throw error;
    return undefined;
  } finally {
    cluster.close();
  }
}

const untilInSync = (address: string): Promise<unknown> =>
  until('all copies to be in sync', async () => (await behind(address))?.length === 0);

const skip = (await ownService('kafka')).skip || sampleMissing;

test('any one of three brokers dies: the others go on', { skip, timeout: SOAK ? 1_800_000 : 900_000 }, async (t) => {
  const random = createRandom(printedSeed(t));
  const dir = temporary(t);
  const cluster = await kafkaCluster(BROKERS);
  const { address } = cluster;
  const startBroker = async (place: number): Promise<Service> => {
    const broker = await cluster.start(place);
    t.after(() => broker.stop());
    return broker;
  };
  const brokers = await Promise.all([startBroker(0), startBroker(1)]);
  const { file, name, topic } = ownPipeline(dir, PARTITIONS, (text) => {
    const wary = text.replace(/min_volume: \d+/, 'min_volume: 8').replace(/warm_up: \d+/, 'warm_up: 2');
    return `${wary}\nlimits: { retire_after: 100h, idle_after: 1h }\n`;
  });
  const common = [file, '--log', `kafka://${address}`, '--olap-store', 'none', '--clock', 'append', '--session-ms', '3000'];
  const events = adEvents(ROUNDS, Date.now());

  const fleet = createFleet(t, dir, ['', ''], [...common, '--commit-every-ms', '200', '--quiet']);
  await until(
    'a worker to say that a broker is missing',
    () => /more copies than there are brokers now .* Waiting/.test(fleet.said()),
    60_000,
  );
  const { code, stderr } = await tocsin(['ingest', '-', '--topic', `${topic}-early`, '--partitions', '1', '--log', `kafka://${address}`], {
    input: Buffer.from('{}\n'),
  });
  assert.equal(code, 2, 'who is to end does not wait');
  assert.match(stderr, /more copies than there are brokers now/);
  brokers.push(await startBroker(2));
  await until('the workers to go on', () => /reached again \(create topic/.test(fleet.said()), 60_000);
  const said: string[] = [];
  await withKafka(address, async (log) => {
    await log.ensureTopic(topic, { partitions: PARTITIONS });
    const send = createSender(log, { topic, partitions: PARTITIONS }, events, () => random.below(SEND_PAUSE_MS));
    const first = random.below(BROKERS);
    const part = Math.ceil(events.length / (FAULTS + 1));
    for (let i = 0; i < FAULTS; i++) {
      await untilInSync(address);
      const away = async (): Promise<void> => {
        const at = (first + i) % BROKERS;
        const isKilled = random.below(3) > 0;
        if (isKilled) await brokers[at]!.kill();
        await sleep(isKilled ? random.below(AWAY_MS) : 0);
        await brokers[at]!.restart();
        said.push(`${isKilled ? 'killed' : 'restarted'} ${at + 1}`);
      };
      // A worker too, while a broker is away.
      const killing = i === 1 ? fleet.at(0).then((worker) => fleet.kill(worker)) : undefined;
      await Promise.all([away(), send(part), killing]);
    }
    await untilInSync(address);
    // One that does not come back is not waited for.
    await brokers[first]!.kill();
    const from = performance.now();
    await send(PARTITIONS);
    said.push(`killed ${first + 1}, and appended to all partitions ${((performance.now() - from) / 1_000).toFixed(1)} s later`);
    await send(part);
  });

  const judgement = await withKafka(address, (log) => judgeTopic(log, loadPipeline(file)));
  const total = Object.values(judgement.counts).reduce((sum, count) => sum + count);
  await untilTold(address, name, total, () => [...fleet.fallen, fleet.said()].join('\n')).catch(async (error: Error) => {
    const copies = (await behind(address).catch(String)) ?? 'the brokers cannot say which copies are in sync';
    throw new Error(`${error.message}\n${[copies].flat().join('\n')}`, { cause: error });
  });
  await fleet.stop();
  assert.deepEqual(fleet.fallen, []);
  const summary = await output(['run', ...common, '--once', '--json', '--data', path.join(dir, 'last')]);
  assert.deepEqual((JSON.parse(summary) as { events: unknown }).events, { read: total, ...judgement.counts });

  const windows = await valuesOf(address, `${name}.windows`);
  holdsRows('p.windows', newestRows(windows), judgement, loadPipeline(file));
  holdsLetters(await valuesOf(address, `${name}.dlq`), judgement);
  const alerts = alertsFollow(windows, await valuesOf(address, `${name}.alerts`), loadPipeline(file));
  t.diagnostic(`${said.join(', ')}; ${total} records ${JSON.stringify(judgement.counts)}; ${alerts.length} alert events`);
  assert.ok(alerts.length > 0, 'no alert to prove anything');
});
