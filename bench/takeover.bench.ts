/**
 * A dead worker's partition is taken over by another process, on a real broker: how long after the end of its session the first fresh
 * partial is told, over the number of ids remembered, and how long until all is caught up with while events come at 80 % of what one
 * worker can do. `TAKEOVER_IDS=0.1,1` (millions) for fewer steps. Needs Kafka (TOCSIN_TEST_KAFKA).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../src/log/log.ts';
import { partialsTopic } from '../src/pipeline/stage-topics.ts';
import { withKafka } from '../test/e2e/kafka-topic.ts';
import { report } from './measure.ts';

const STEPS = (process.env['TAKEOVER_IDS'] ?? '0.1,1,3,6').split(',').map((text) => Number(text) * 1e6);
const SESSION_MS = 6_000;
const FRESH_MAX_MS = 5_000;
const CAUGHT_UP_MAX_MS = 120_000;
/** Who has not caught up by then has missed it. */
const PATIENCE_MS = 150_000;
const SEND_RECORDS = 20_000;
const KEEPING_UP_S = 1.5;
/** Capacity is measured over so many at least. */
const MEASURED_RECORDS = 200_000;
const LOAD = 0.8;
const ROOT = path.join(import.meta.dirname, '..');
const FIRST_EVENT = Buffer.from('{"id":"000000000000","at":1000000000000,"country":"0"}');
const [ID_ENDS, TIME_ENDS, COUNTRY_ENDS] = ['","at"', ',"country"', '"}'].map((text) => FIRST_EVENT.indexOf(text)) as [
  number,
  number,
  number,
];

const address = process.env['TOCSIN_TEST_KAFKA'];
if (address === undefined) console.log('skipped: needs kafka: scripts/services.ts run kafka -- …');
else await takeovers(address);

async function takeovers(broker: string): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-takeover-'));
  const name = `t${randomBytes(4).toString('hex')}`;
  const topic = `${name}-raw`;
  const file = path.join(dir, 'takeover.yml');
  const lines = [
    `pipeline: ${name}`,
    `source: { topic: ${topic}, partitions: 1 }`,
    'event: { id: id, time: at, time_unit: ms, out_of_orderness: 1s, dedup: 24h }',
    'dimensions: [country]',
    'measures: { hits: { count: events } }',
    'windows: [1m]',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const running = new Set<ChildProcess>();
  let next = 0;
  function start(roles: string): ChildProcess {
    const data = path.join(dir, `worker-${next++}`);
    const args = ['run', file, '--log', `kafka://${broker}`, '--olap-store', 'none', '--clock', 'event', '--listen', 'none', '--quiet'];
    const child = spawn(
      path.join(ROOT, 'bin/tocsin'),
      [...args, '--roles', roles, '--data', data, '--session-ms', String(SESSION_MS), '--commit-every-ms', '250'],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    running.add(child);
    child.on('exit', () => running.delete(child));
    return child;
  }
  try {
    await withKafka(broker, async (log, connection) => {
      await log.ensureTopic(topic, { partitions: 1 });
      const day = Date.now() - 12 * 3_600_000;
      let sent = 0;
      async function send(count: number): Promise<void> {
        for (const end = sent + count; sent < end;) {
          const batch = events(sent, Math.min(SEND_RECORDS, end - sent), day);
          await log.commit({ appends: [{ topic, partition: 0, ...batch }] });
          sent += batch.ends.length;
        }
      }
      const behind = async (): Promise<number> => (await connection.lag(name, [topic]))[0]?.lag ?? Infinity;
      /** Behind by no more than what comes while two commits are made. */
      const caughtUp = async (perSecond = 0): Promise<void> => {
        const before = performance.now();
        while ((await behind()) > Math.max(SEND_RECORDS, perSecond * KEEPING_UP_S) && performance.now() - before < PATIENCE_MS)
          await sleep(50);
      };

      start('monitor');
      let active = start('aggregate');
      const rows: Record<string, string | number>[] = [];
      let [freshMost, caughtUpMost] = [0, 0];
      for (const ids of STEPS) {
        const [count, before] = [Math.max(ids - sent, MEASURED_RECORDS), performance.now()];
        await send(count);
        await caughtUp();
        // Of this moment: on a machine that others use as well another hour's may be out of reach.
        const capacity = count / ((performance.now() - before) / 1_000);
        const remembered = sent;
        const standby = start('aggregate');
        while (standby.exitCode === null && (await connection.members(name)).length < 2) await sleep(100);
        await sleep(3_000);
        // Whoever has the partition is killed: it may be the new one.
        const owner = await ownerOf(
          active,
          standby,
          () => topicEnd(log, partialsTopic(name)),
          () => send(1_000),
        );
        owner.kill('SIGKILL');
        active = owner === active ? standby : active;
        const killedAt = performance.now();
        const told = await topicEnd(log, partialsTopic(name));
        const feeding = new AbortController();
        const fed = (async () => {
          for (let last = killedAt; !feeding.signal.aborted; await sleep(200)) {
            const now = performance.now();
            await send(Math.round(((now - last) / 1_000) * capacity * LOAD));
            last = now;
          }
        })();
        while ((await topicEnd(log, partialsTopic(name))) === told) await sleep(20);
        const freshMs = performance.now() - killedAt - SESSION_MS;
        await caughtUp(capacity * LOAD);
        const caughtUpMs = performance.now() - killedAt;
        feeding.abort();
        await fed;
        freshMost = Math.max(freshMost, freshMs);
        caughtUpMost = Math.max(caughtUpMost, caughtUpMs);
        rows.push({
          name: `${(remembered / 1e6).toFixed(1)} M ids`,
          freshMs: Math.round(freshMs),
          caughtUpMs: Math.round(caughtUpMs),
          recordsPerS: Math.round(capacity),
        });
        console.log(JSON.stringify(rows.at(-1)));
      }
      plot(rows);
      report('takeover', {
        rows,
        ratios: {
          fresh: freshMost / FRESH_MAX_MS,
          caughtUp: caughtUpMost / CAUGHT_UP_MAX_MS,
          worst: Math.max(freshMost / FRESH_MAX_MS, caughtUpMost / CAUGHT_UP_MAX_MS),
        },
        isLessBetter: true,
        bar: { ratio: 'worst', most: 1 },
        sessionMs: SESSION_MS,
      });
    });
  } finally {
    for (const child of running) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Events `from` and following, 5 ms apart. Written digit by digit: the machine is to be busy with reading them. */
function events(from: number, count: number, firstTime: number): { bytes: Uint8Array; ends: Uint32Array } {
  const size = FIRST_EVENT.length;
  const bytes = Buffer.alloc(count * size);
  const ends = new Uint32Array(count);
  const write = (number: number, until: number): void => {
    let at = until;
    for (let rest = number; rest > 0; rest = Math.floor(rest / 10)) bytes[--at] = 48 + (rest % 10);
  };
  for (let i = 0; i < count; i++) {
    bytes.set(FIRST_EVENT, i * size);
    write(from + i, i * size + ID_ENDS);
    write(firstTime + (from + i) * 5, i * size + TIME_ENDS);
    write((from + i) % 7, i * size + COUNTRY_ENDS);
    ends[i] = (i + 1) * size;
  }
  return { bytes, ends };
}

async function topicEnd(log: Log, topic: string): Promise<number> {
  return (await log.bounds(topic, 0)).end;
}

/** The one of two that tells something when events come while the other is paused. */
async function ownerOf(a: ChildProcess, b: ChildProcess, end: () => Promise<number>, feed: () => Promise<void>): Promise<ChildProcess> {
  a.kill('SIGSTOP');
  const before = await end();
  await feed();
  await sleep(2_000);
  const isOther = (await end()) > before;
  a.kill('SIGCONT');
  return isOther ? b : a;
}

/** The table as bars of text, in `bench/out/takeover.txt`. */
function plot(rows: readonly Readonly<Record<string, string | number>>[]): void {
  const most = Math.max(FRESH_MAX_MS, ...rows.map(({ freshMs }) => Number(freshMs)));
  const bars = rows.map(
    ({ name, freshMs }) =>
      `${String(name).padStart(10)} ${'#'.repeat(Math.max(1, Math.round((60 * Math.max(0, Number(freshMs))) / most)))} ${freshMs} ms`,
  );
  const text = [
    "First fresh partial after the end of the dead worker's session",
    ...bars,
    `${'allowed'.padStart(10)} ${'-'.repeat(Math.round((60 * FRESH_MAX_MS) / most))} ${FRESH_MAX_MS} ms`,
    '',
  ].join('\n');
  const folder = new URL('./out/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('takeover.txt', folder), text);
  console.log(text);
}
