/** What must hold after every crash test: all that stands in Kafka, Redis and ClickHouse follows from the raw topic. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAlerts } from '../../src/alerts/alerts.ts';
import { servedHistory } from '../../src/app/stores/open-hot-store.ts';
import type { LoadedPipeline } from '../../src/config/pipeline-config.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createMemoryHotStore } from '../../src/hot-store/memory/memory-store.ts';
import { createRedisHotStore } from '../../src/hot-store/redis/redis-store.ts';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import type { Log } from '../../src/log/log.ts';
import { recordAt } from '../../src/log/batch.ts';
import { parseOlapAddress } from '../../src/olap-store/clickhouse/address.ts';
import { createClickHouseStore } from '../../src/olap-store/clickhouse/clickhouse-store.ts';
import { systemWait } from '../../src/notify/wait.ts';
import { createNotifier } from '../../src/notify/notifier.ts';
import { createMonitor } from '../../src/pipeline/monitor/monitor.ts';
import type { PartitionReport } from '../../src/pipeline/aggregate/partition-report.ts';
import { STATE_PARTITIONS, stateTopic } from '../../src/pipeline/stage-topics.ts';
import { fromStateEntries } from '../../src/pipeline/state-codec.ts';
import type { AlertEvent } from '../../src/receivers/alert-event.ts';
import { mergeRows } from '../../src/windows/row-merge.ts';
import type { WindowRecord, WindowRow } from '../../src/windows/row.ts';
import { collect } from '../contract/olap-store.ts';
import { withKafka } from '../e2e/kafka-topic.ts';
import { lastRows } from '../e2e/last-rows.ts';
import { sampleSpec } from '../oracle/adtech-sample.ts';
import { differences } from '../oracle/compare.ts';
import { judge, type Judgement } from '../oracle/oracle.ts';
import { slowness } from '../support/slowness.ts';
import type { OracleRecord } from '../oracle/record.ts';

/** Relative: the oracle adds in the same order, but for the last bits of ratios. */
const TOLERANCE = 1e-12;
/** Something is told within this time, on a busy machine later; how long all of it takes is the machine's. */
const STANDSTILL_MS = 120_000;

/** Waits until the pipeline's monitor has noted that so many input records were judged, for as long as it gets on. `said`: for the failure. */
export async function untilTold(address: string, name: string, total: number, said: () => string): Promise<void> {
  const prefix = `stage/${name}/report/`;
  await withKafka(address, async (_log, connection) => {
    const asked = async (): Promise<number> => {
      const log = await connection.log({ topic: stateTopic(name), partition: STATE_PARTITIONS.monitor }, { readOnly: true });
      const reports = fromStateEntries(prefix, await log.state(prefix)).map(([, value]) => value as PartitionReport);
      await log.close();
      return reports.reduce((sum, { totals }) => sum + Object.values(totals).reduce((all, count) => all + count, 0), 0);
    };
    let [before, since] = [NaN, 0];
    for (let told = await asked(); told !== total; told = await asked()) {
      if (told !== before) [before, since] = [told, performance.now()];
      const stillMs = performance.now() - since;
      assert.ok(
        stillMs < STANDSTILL_MS * slowness(),
        `${told} of ${total} records told, and no more for ${Math.round(stillMs / 1_000)} s\n${said()}`,
      );
      await sleep(100);
    }
  });
}

/** What the oracle makes of the raw topic as it stands there. */
export async function judgeTopic(log: Log, { engine }: LoadedPipeline): Promise<Judgement> {
  const [source] = engine.sources;
  const partitions: OracleRecord[][] = [];
  for (let partition = 0; partition < source!.partitions; partition++) {
    const records: OracleRecord[] = [];
    for (let offset = 0; ;) {
      const batch = await log.read(source!.topic, partition, offset, { maxBytes: 1 << 20 });
      if (!batch) break;
      for (let i = 0; i < batch.count; i++) records.push({ bytes: recordAt(batch, i).slice(), appendTime: batch.appendTimes[i]! });
      offset = batch.firstOffset + batch.count;
    }
    partitions.push(records);
  }
  // The oracle knows no formats: the sample's own schema says the same in patterns.
  const schema = sampleSpec.sources[0]!.schema!;
  return judge({ ...engine, sources: [{ ...source!, schema }] }, [partitions], { clock: 'append' });
}

/** Every late and every invalid record is a dead letter, by its origin and with its reason. */
export function holdsLetters(texts: readonly string[], { verdicts }: Judgement): void {
  const found = new Map(
    texts.map((text) => JSON.parse(text) as DeadLetter).map((letter) => [`${letter.partition}/${letter.offset}`, letter]),
  );
  const wrong = verdicts[0]!.flatMap((partition, p) =>
    partition.flatMap(({ outcome, reason }, offset) => {
      const letter = found.get(`${p}/${offset}`);
      const wanted = outcome === 'invalid' ? `invalid ${reason}` : outcome === 'late' ? 'late late' : 'none';
      const got = letter ? `${letter.outcome} ${letter.reason}` : 'none';
      return got === wanted ? [] : [`${p}/${offset}: ${got}, not ${wanted}: ${JSON.stringify(letter)?.slice(0, 400)}`];
    }),
  );
  assert.equal(wrong.length, 0, `${wrong.length} dead letters differ:\n${wrong.slice(0, 8).join('\n')}`);
}

export function holdsRows(where: string, rows: readonly WindowRow[], { rows: wanted }: Judgement, { engine }: LoadedPipeline): void {
  const compare = { stage: 'last', tolerance: TOLERANCE, distinctError: 0.02, quantileError: 0.01 } as const;
  const found = differences(rows, wanted, engine.measures, compare);
  assert.equal(found.length, 0, `${where}: ${found.length} of ${wanted.length} rows differ:\n${found.slice(0, 8).join('\n')}`);
}

/** The newest version of each row on `p.windows`. */
export function newestRows(texts: readonly string[]): WindowRow[] {
  return [...lastRows(texts).values()].map((text) => JSON.parse(text) as WindowRow);
}

export async function olapRows(address: string, { engine }: LoadedPipeline): Promise<WindowRow[]> {
  const parsed = parseOlapAddress(address, {});
  assert.ok(parsed.kind === 'server');
  const store = createClickHouseStore({}, { endpoint: () => parsed.endpoint });
  try {
    return await collect(store.windows({ pipeline: engine.pipeline }, (found) => mergeRows(found, engine.measures)));
  } finally {
    await store.close();
  }
}

/** Redis holds what a store in memory holds into which all of `p.windows` was put. Resolves to the rows compared. */
export async function holdsInRedis(address: string, rows: readonly WindowRow[], pipeline: LoadedPipeline): Promise<number> {
  const { engine } = pipeline;
  const name = engine.pipeline;
  const history = servedHistory(pipeline);
  const wanted = createMemoryHotStore({ history });
  await wanted.put(rows);
  const found = await createRedisHotStore(
    { url: address, history, dimensions: { [name]: engine.dimensions } },
    { clock: systemClock, logger: silentLogger },
  );
  let compared = 0;
  try {
    assert.ok(await found.isFilled(name), 'Redis was not filled to the end');
    for (const { name: window } of engine.windows) {
      const latest = await wanted.all(name, window);
      assert.deepEqual(await found.all(name, window), latest, `latest rows of ${window} in Redis`);
      for (const { labels } of latest) {
        const kept = await wanted.range(name, window, labels, 0, Infinity);
        assert.deepEqual(await found.range(name, window, labels, 0, Infinity), kept, `${window} of ${JSON.stringify(labels)} in Redis`);
        compared += kept.length;
      }
    }
  } finally {
    await found.close();
  }
  return compared;
}

/** `p.windows`, judged anew, gives the alerts that rang, in their order. Records that stand there twice, word for word, count once. */
export function alertsFollow(windows: readonly string[], alerts: readonly string[], { monitor: spec }: LoadedPipeline): AlertEvent[] {
  const monitor = createMonitor(spec, { alerts: createAlerts({ repeatAfterMs: spec.repeatAfterMs, locale: spec.locale }) });
  const told = [...new Set(windows)].flatMap((text) => monitor.observe(JSON.parse(text) as WindowRecord));
  const rang = [...new Set(alerts)];
  assert.deepEqual(
    rang,
    told.map((event) => JSON.stringify(event)),
  );
  return told;
}

/** What a receiver has to be told of: what the notifier tells of these alerts when nothing disturbs it. Dedup keys. */
export async function keysToTell(alerts: readonly AlertEvent[], { engine, cooldownMs }: LoadedPipeline): Promise<Set<string>> {
  const keys = new Set<string>();
  const receiver = {
    name: 'hook',
    local: false,
    target: '',
    async send({ dedupKey }: { readonly dedupKey: string }) {
      keys.add(dedupKey);
      return { ok: true } as const;
    },
  };
  const settings = { pipeline: engine.pipeline, cooldownMs, notifyWithinMs: undefined, audience: 'all' } as const;
  const deps = { clock: systemClock, receivers: [receiver], wait: systemWait, logger: silentLogger };
  const [queue] = createNotifier(settings, deps).queues;
  for (const [offset, event] of alerts.entries()) await queue!.offer(offset, event);
  return keys;
}
