/**
 * The active monitor is killed: how long after the end of its session a stand-by is the active one, and how long until it has taken in what
 * came meanwhile, over the number of series whose state it takes over. `TAKEOVER_SERIES=1,20` (thousands) for more steps. Needs Kafka
 * (TOCSIN_TEST_KAFKA).
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packRecords } from '../src/log/batch.ts';
import { monitorGroup, partialsTopic } from '../src/pipeline/stage-topics.ts';
import { withKafka } from '../test/e2e/kafka-topic.ts';
import { start, until, type Running } from '../test/e2e/tocsin.ts';
import { report } from './measure.ts';

const STEPS = (process.env['TAKEOVER_SERIES'] ?? '1').split(',').map((text) => Number(text) * 1e3);
const SESSION_MS = 4_000;
const ACTIVE_MAX_MS = 5_000;
const PATIENCE_MS = 120_000;
const KILLS = 3;
/** Minutes that the monitor has seen before the first kill. */
const MINUTES = 5;
const SEND_RECORDS = 10_000;
const FIRST_MINUTE = Date.UTC(2026, 2, 2);
const ACTIVE = 'monitor, from record';
const STANDS_BY = /monitor of \S+: stands by/g;

const address = process.env['TOCSIN_TEST_KAFKA'];
if (address === undefined) console.log('skipped: needs kafka: scripts/services.ts run kafka -- …');
else await takeovers(address);

async function takeovers(broker: string): Promise<void> {
  const rows: Record<string, string | number>[] = [];
  let most = 0;
  for (const series of STEPS) {
    const { activeMs, caughtUpMs } = await takeoversOf(broker, series);
    most = Math.max(most, ...activeMs);
    rows.push({ name: `${series} series`, activeMs: Math.round(Math.max(...activeMs)), caughtUpMs: Math.round(Math.max(...caughtUpMs)) });
    console.log(JSON.stringify(rows.at(-1)));
  }
  const ratios = { active: most / ACTIVE_MAX_MS };
  report('monitor-takeover', { rows, ratios, isLessBetter: true, bar: { ratio: 'active', most: 1 }, sessionMs: SESSION_MS, kills: KILLS });
}

/** Of each kill: ms after the end of the session until another is active, and after the kill until it has taken in all. */
async function takeoversOf(broker: string, series: number): Promise<{ activeMs: number[]; caughtUpMs: number[] }> {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-takeover-'));
  const name = `m${randomBytes(4).toString('hex')}`;
  const topic = `${name}-raw`;
  const file = path.join(dir, 'takeover.yml');
  const lines = [
    `pipeline: ${name}`,
    `source: { topic: ${topic}, partitions: 1 }`,
    'event: { id: id, time: at, time_unit: ms, out_of_orderness: 1s, dedup: 2m }',
    'dimensions: [shop]',
    'measures: { hits: { count: events } }',
    'windows: [1m]',
    `limits: { max_series: ${2 * series} }`,
    'detect: { false_alarms_per_day: 1, hits: { down: 50% } }',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const running = new Set<Running>();
  let next = 0;
  const begin = (roles: string): Running => {
    const where = ['--data', path.join(dir, `${next++}`), '--log', `kafka://${broker}`, '--session-ms', String(SESSION_MS)];
    const one = start(['run', file, ...where, '--roles', roles, '--olap-store', 'none', '--clock', 'event', '--commit-every-ms', '250']);
    running.add(one);
    return one;
  };
  const failed = ({ stderr }: Running): never => {
    throw new Error(stderr());
  };
  /** By its last word; undefined: it has not said anything yet. */
  const isActive = ({ stderr }: Running): boolean | undefined => {
    const [active, standsBy] = [stderr().lastIndexOf(ACTIVE), [...stderr().matchAll(STANDS_BY)].at(-1)?.index ?? -1];
    return active === standsBy ? undefined : active > standsBy;
  };
  const [activeMs, caughtUpMs]: [number[], number[]] = [[], []];
  try {
    await withKafka(broker, async (log, connection) => {
      await log.ensureTopic(topic, { partitions: 1 });
      let minute = 0;
      async function send(): Promise<void> {
        for (let from = 0; from < series; from += SEND_RECORDS) {
          const events = Array.from({ length: Math.min(SEND_RECORDS, series - from) }, (_, i) =>
            JSON.stringify({ id: `${minute}/${from + i}`, at: FIRST_MINUTE + minute * 60_000 + 30_000, shop: `s${from + i}` }),
          );
          await log.commit({ appends: [{ topic, partition: 0, ...packRecords(events) }] });
        }
        minute += 1;
      }
      const lagOf = async (group: string, of: string): Promise<number> => (await connection.lag(group, [of]))[0]?.lag ?? Infinity;
      const caughtUp = (): Promise<unknown> =>
        until(
          'all to be taken in',
          async () => (await lagOf(name, topic)) === 0 && (await lagOf(monitorGroup(name), partialsTopic(name))) === 0,
          PATIENCE_MS,
        );

      let active = begin('monitor');
      await until('the monitor', () => isActive(active) || (active.child.exitCode !== null && failed(active)), PATIENCE_MS);
      begin('aggregate');
      for (let i = 0; i < MINUTES; i++) await send();
      await caughtUp();
      for (let kill = 0; kill < KILLS; kill++) {
        const other = begin('monitor');
        // The group may give the newcomer the work.
        await until('one that stands by', () => isActive(other) !== undefined && isActive(active) === !isActive(other), PATIENCE_MS);
        const standby = isActive(other) === true ? active : other;
        if (standby === active) active = other;
        await caughtUp();
        const killedAt = performance.now();
        running.delete(active);
        active.child.kill('SIGKILL');
        await send();
        await until('another to be active', () => isActive(standby), PATIENCE_MS);
        activeMs.push(performance.now() - killedAt - SESSION_MS);
        await caughtUp();
        caughtUpMs.push(performance.now() - killedAt);
        active = standby;
      }
    });
  } finally {
    await Promise.all([...running].map((one) => one.stop('SIGKILL')));
    rmSync(dir, { recursive: true, force: true });
  }
  return { activeMs, caughtUpMs };
}
