/**
 * A pipeline on real systems while everything dies: workers of every role are killed, broker, Redis and OLAP store too, connections
 * are cut in the middle of a batch, a process wakes as a zombie, clocks jump. Afterwards everything is what follows from the raw topic.
 * `TOCSIN_SEED` has the same plan again. 12 kills; with SOAK=1 (`make soak`) 200.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { createRandom } from '../../src/core/random.ts';
import { valuesOf, withKafka } from '../e2e/kafka-topic.ts';
import { ownPipeline } from '../e2e/own-pipeline.ts';
import { output, printedSeed } from '../e2e/tocsin.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { ownService } from '../support/services.ts';
import { adEvents } from './ad-events.ts';
import { alertsFollow, holdsInRedis, holdsLetters, holdsRows, judgeTopic, keysToTell, newestRows, olapRows, untilTold } from './checks.ts';
import { commit, planFaults } from './faults.ts';
import { createFleet, WORKER_VARIABLE } from './fleet.ts';
import { createSender } from './sender.ts';
import { startServices } from './services.ts';
import { noteStalls, repeats, startListener, type Outage } from './told.ts';
import { temporary } from '../support/temporary.ts';

const SOAK = process.env['SOAK'] === '1';
const COUNTS = SOAK
  ? { kill: 200, zombie: 20, clock: 20, broker: 6, redis: 10, olap: 10, cut: 60 }
  : { kill: 12, zombie: 2, clock: 1, broker: 1, redis: 1, olap: 1, cut: 3 };
const ROUNDS = SOAK ? 8 : 2;
const PARTITIONS = 4;
const SESSION_MS = 3_000;
const PAUSE_MS = 1_000;
const SEND_PAUSE_MS = 100;
/** Each role can be played by two processes; the last one plays them all. */
const ROLES = ['aggregate,store', 'monitor', 'notify', ''];

const skip = (await ownService('kafka')).skip || (await ownService('redis')).skip || sampleMissing;

test('whatever dies: nothing is lost, nothing counts twice', { skip, timeout: SOAK ? 3_600_000 : 900_000 }, async (t) => {
  const seed = printedSeed(t);
  const [random, sending] = [createRandom(seed), createRandom(seed, 2)];
  const dir = temporary(t);
  const listener = await startListener(t, createRandom(seed, 1));
  const services = await startServices(t);
  const { kafka, redis, olap } = services;
  const { file, name, topic } = ownPipeline(dir, PARTITIONS, (text) => {
    const wary = text.replace(/min_volume: \d+/, 'min_volume: 8').replace(/warm_up: \d+/, 'warm_up: 2');
    const hook = `receivers: { hook: { type: webhook, url: "${listener.origin}/\${${WORKER_VARIABLE}}" } }`;
    return `${wary}\nnotify_within: 30d\nlimits: { retire_after: 100h, idle_after: 1h }\n${hook}\n`;
  });
  const stores = ['--hot-store', redis.address, '--olap-store', olap.address];
  const common = [file, '--log', kafka.address, ...stores, '--clock', 'append', '--session-ms', String(SESSION_MS)];

  const events = adEvents(ROUNDS, Date.now());
  const plan = planFaults(COUNTS, ROLES.length, PAUSE_MS, random);
  const outages: Outage[] = [];
  noteStalls(t, outages);
  const began = performance.now();
  const fleet = await withKafka(`127.0.0.1:${kafka.proxy.port}`, async (log) => {
    await log.ensureTopic(topic, { partitions: PARTITIONS });
    const started = createFleet(t, dir, ROLES, [...common, '--commit-every-ms', '200', '--quiet']);
    t.after(() => process.env['TOCSIN_KEEP_SAID'] && writeFileSync(process.env['TOCSIN_KEEP_SAID'], started.said()));
    const send = createSender(log, { topic, partitions: PARTITIONS }, events, () => sending.below(SEND_PAUSE_MS));
    const perFault = Math.ceil(events.length / plan.length);
    const said: string[] = [];
    for (const fault of plan) {
      const [done] = await Promise.all([
        commit(fault, { fleet: started, services, sessionMs: SESSION_MS, random, outages }),
        send(perFault),
      ]);
      said.push(`${((performance.now() - began) / 1_000).toFixed(1)} s ${done}`);
    }
    t.diagnostic(said.join(', '));
    return started;
  });
  const faultsS = (performance.now() - began) / 1_000;

  const direct = kafka.service.address;
  const judgement = await withKafka(direct, (log) => judgeTopic(log, loadPipeline(file)));
  const total = Object.values(judgement.counts).reduce((sum, count) => sum + count);
  const before = performance.now();
  await untilTold(direct, name, total, () => [...fleet.fallen, fleet.said()].join('\n'));
  const caughtUpS = (performance.now() - before) / 1_000;
  await fleet.stop();
  assert.deepEqual(fleet.fallen, []);
  // What is open is given out by a last run, and what is not told yet is told.
  const pipeline = loadPipeline(file);
  const last = ['run', ...common, '--once', '--notify', '--json', '--data', path.join(dir, 'last')];
  const summary = await output(last, { env: { [WORKER_VARIABLE]: 'last' } });
  holdsLetters(await valuesOf(direct, `${name}.dlq`), judgement);
  assert.deepEqual((JSON.parse(summary) as { events: unknown }).events, { read: total, ...judgement.counts });

  const windows = await valuesOf(direct, `${name}.windows`);
  const rows = newestRows(windows);
  holdsRows('p.windows', rows, judgement, pipeline);
  holdsRows('the OLAP store', await olapRows(olap.address, pipeline), judgement, pipeline);
  const inRedis = await holdsInRedis(redis.address, rows, pipeline);
  const alerts = alertsFollow(windows, await valuesOf(direct, `${name}.alerts`), pipeline);
  assert.deepEqual(new Set(listener.told.keys()), await keysToTell(alerts, pipeline), 'told of all that rings, and of nothing else');
  const { counts, unexplained } = repeats(listener.told, { ends: fleet.ends, outages, sessionMs: SESSION_MS });
  assert.deepEqual(unexplained, [], 'told twice, and who told had not died before it could note that');
  const cuts = [kafka, redis, olap].map(({ proxy }) => proxy.cuts);
  t.diagnostic(
    `${plan.length} faults in ${faultsS.toFixed(0)} s (connections to Kafka, Redis and the OLAP store cut: ${cuts.join(', ')}); ` +
      `caught up after ${caughtUpS.toFixed(1)} s; ${total} records ${JSON.stringify(judgement.counts)}; ${rows.length} rows, ${inRedis} in Redis, ` +
      `${windows.length - new Set(windows).size} repeats on p.windows; ${alerts.length} alert events, ${listener.told.size} notifications, ` +
      `repeats ${JSON.stringify(counts)}; ${fleet.ends.filter(({ why }) => why === 'takeover').length} takeovers noticed`,
  );
  assert.ok(
    cuts.every((count) => count > 0),
    'a connection of each kind was to be cut',
  );
  assert.ok(alerts.length > 20 && listener.told.size > 10, 'too few alerts to prove anything');
});
