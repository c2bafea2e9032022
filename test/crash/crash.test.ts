/**
 * A pipeline on real systems while everything dies: workers of every role are killed, broker, Redis and OLAP store too, connections
 * are cut in the middle of a batch, a process wakes as a zombie, clocks jump. Afterwards everything is what follows from the raw topic.
 * `TOCSIN_SEED` has the same plan again. It takes minutes: CRASH=1 runs it with 12 kills, SOAK=1 (`make soak`) with 200.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { createRandom } from '../../src/core/random.ts';
import { packRecords } from '../../src/log/batch.ts';
import { valuesOf, withKafka } from '../e2e/kafka-topic.ts';
import { ownPipeline } from '../e2e/own-pipeline.ts';
import { output, printedSeed, temporary, until } from '../e2e/tocsin.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { ownService } from '../support/services.ts';
import { adEvents } from './ad-events.ts';
import { alertsFollow, holdsInRedis, holdsLetters, holdsRows, judgeTopic, newestRows, olapRows } from './checks.ts';
import { commit, planFaults, type Fault } from './faults.ts';
import { createFleet } from './fleet.ts';
import { startServices } from './services.ts';
import { repeats, startListener } from './told.ts';

const SOAK = process.env['SOAK'] === '1';
const COUNTS = SOAK
  ? { kill: 200, zombie: 12, clock: 20, broker: 6, redis: 10, olap: 10, cut: 60 }
  : { kill: 12, zombie: 1, clock: 2, broker: 1, redis: 1, olap: 1, cut: 4 };
const ROUNDS = SOAK ? 8 : 2;
const PARTITIONS = 4;
const SESSION_MS = 3_000;
const PAUSE_MS = 600;
const SEND_RECORDS = 60;
/** One that dies holds its roles until its session ends, and the one after it has to start. */
const TAKEOVER_MS = 15_000;
const ROLES = ['aggregate', 'aggregate,store', 'monitor,notify,store', 'monitor,notify'];

const isAsked = SOAK || process.env['CRASH'] === '1';
const skip = isAsked
  ? (await ownService('kafka')).skip || (await ownService('redis')).skip || sampleMissing
  : 'it takes minutes: CRASH=1, or make soak';

test('whatever dies: nothing is lost, nothing counts twice', { skip, timeout: SOAK ? 3_600_000 : 280_000 }, async (t) => {
  const seed = printedSeed(t);
  const [random, sending] = [createRandom(seed), createRandom(seed, 2)];
  const dir = temporary(t);
  const listener = await startListener(t, createRandom(seed, 1));
  const services = await startServices(t);
  const { kafka, redis, olap } = services;
  const { file, name, topic } = ownPipeline(dir, PARTITIONS, (text) => {
    const wary = text.replace(/min_volume: \d+/, 'min_volume: 8').replace(/warm_up: \d+/, 'warm_up: 2');
    const hook = `receivers: { hook: { type: webhook, url: "${listener.origin}" } }`;
    return `${wary}\nnotify_within: 30d\nlimits: { retire_after: 100h, idle_after: 1h }\n${hook}\n`;
  });
  const stores = ['--hot-store', redis.address, '--olap-store', olap.address];
  const common = [file, '--log', kafka.address, ...stores, '--clock', 'append', '--session-ms', String(SESSION_MS)];
  const fleet = createFleet(t, dir, [...common, '--commit-every-ms', '200', '--quiet']);
  t.after(() => process.env['TOCSIN_KEEP_SAID'] && writeFileSync(process.env['TOCSIN_KEEP_SAID'], fleet.said()));

  const events = adEvents(ROUNDS, Date.now());
  const plan = planFaults(COUNTS, random);
  const perFault = Math.ceil(events.length / plan.length);
  const faults: Fault[] = [];
  const began = performance.now();
  await withKafka(`127.0.0.1:${kafka.proxy.port}`, async (log) => {
    await log.ensureTopic(topic, { partitions: PARTITIONS });
    for (const roles of ROLES) fleet.add(roles);
    let sent = 0;
    /** What may have been appended and may not is sent again: another duplicate at most. */
    async function send(count: number): Promise<void> {
      for (const end = Math.min(sent + count, events.length); sent < end;) {
        const lines = events.slice(sent, Math.min(sent + SEND_RECORDS, end));
        const parts = Array.from({ length: PARTITIONS }, (_, partition) =>
          lines.filter((_line, i) => (sent + i) % PARTITIONS === partition),
        );
        const appends = parts.map((records, partition) => ({ topic, partition, ...packRecords(records) }));
        if (
          await log.commit({ appends: appends.filter(({ ends }) => ends.length > 0) }).then(
            () => true,
            () => false,
          )
        )
          sent += lines.length;
        await sleep(sending.below(100));
      }
    }
    await send(perFault);
    for (const kind of plan) {
      await Promise.all([
        send(perFault),
        (async () => {
          await sleep(random.below(PAUSE_MS));
          faults.push(await commit(kind, { fleet, services, sessionMs: SESSION_MS, random }));
        })(),
      ]);
    }
    await send(Infinity);
  });
  t.diagnostic(faults.map(({ said }) => said).join(', '));
  const faultsS = (performance.now() - began) / 1_000;

  const direct = kafka.service.address;
  const judgement = await withKafka(direct, (log) => judgeTopic(log, loadPipeline(file)));
  const total = Object.values(judgement.counts).reduce((sum, count) => sum + count);
  const before = performance.now();
  await until(
    'all records to be told',
    async () => {
      const text = await output(['status', '--log', kafka.address, '--data', dir, '--json']);
      const { pipelines } = JSON.parse(text) as { pipelines: { pipeline: string; events: { read: number } }[] };
      return pipelines.find((one) => one.pipeline === name)?.events.read === total;
    },
    90_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${fleet.fallen.join('\n')}\n${fleet.said()}`);
  });
  const caughtUpS = (performance.now() - before) / 1_000;
  await Promise.all([...fleet.workers.values()].map((worker) => fleet.take(worker, 'SIGTERM')));
  assert.deepEqual(fleet.fallen, []);
  // What is open is given out by a last run, and what is not told yet is told.
  const pipeline = loadPipeline(file);
  const summary = await output(['run', ...common, '--once', '--notify', '--json', '--data', path.join(dir, 'last')]);
  holdsLetters(await valuesOf(direct, `${name}.dlq`), judgement);
  assert.deepEqual((JSON.parse(summary) as { events: unknown }).events, { read: total, ...judgement.counts });

  const windows = await valuesOf(direct, `${name}.windows`);
  const rows = newestRows(windows);
  holdsRows('p.windows', rows, judgement, pipeline);
  holdsRows('the OLAP store', await olapRows(olap.address, pipeline), judgement, pipeline);
  const inRedis = await holdsInRedis(redis.address, rows, pipeline);
  const alerts = alertsFollow(windows, await valuesOf(direct, `${name}.alerts`), pipeline);
  // Told of when the one that was replaced wrote next.
  const takenOver = fleet.takeovers.map((at) => ({ from: at - TAKEOVER_MS, to: at }));
  const { count, unexplained } = repeats(listener, [...faults.filter(({ kind }) => kind !== 'clock'), ...takenOver], TAKEOVER_MS);
  assert.deepEqual(unexplained, [], 'told twice, and nobody had died');
  const known = new Set(alerts.map(({ alert_id, status, alert_time }) => `${alert_id}/${status}/${alert_time}`));
  assert.deepEqual(
    [...listener.told.keys()].filter((key) => !known.has(key)),
    [],
    'told of what never rang',
  );
  t.diagnostic(
    `${faults.length} faults in ${faultsS.toFixed(0)} s (${kafka.proxy.cuts} connections to Kafka cut, ${redis.proxy.cuts} to Redis, ${olap.proxy.cuts} to the OLAP store); ` +
      `caught up after ${caughtUpS.toFixed(1)} s; ${total} records ${JSON.stringify(judgement.counts)}; ${rows.length} rows, ${inRedis} in Redis, ` +
      `${windows.length - new Set(windows).size} repeats on p.windows; ${alerts.length} alert events, ${listener.told.size} notifications, ${count} repeats; ${fleet.takeovers.length} takeovers noticed`,
  );
  assert.ok(alerts.length > 20 && listener.told.size > 10, 'too few alerts to prove anything');
});
