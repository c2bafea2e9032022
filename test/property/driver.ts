/**
 * Drives the engine over a real log through a random scenario: what is appended when, how much each read yields, which
 * partition lags, when is committed, when the engine is thrown away. And gathers what it told.
 */
import { createAlerts } from '../../src/alerts/alerts.ts';
import { OUTCOMES, type Outcome } from '../../src/core/outcome.ts';
import { createRandom } from '../../src/core/random.ts';
import { packRecords, recordAt, keyAt } from '../../src/log/batch.ts';
import type { Log, RecordBatch, RecordsToAppend } from '../../src/log/log.ts';
import { openEngine, type Engine } from '../../src/pipeline/engine.ts';
import type { MonitorSpec } from '../../src/pipeline/monitor/monitor-spec.ts';
import { createMonitor, type Monitor } from '../../src/pipeline/monitor/monitor.ts';
import { topicsOf } from '../../src/pipeline/topics.ts';
import { createEventCheck } from '../../src/schemas/event-check.ts';
import { parseCombined } from '../../src/windows/decode/combined.ts';
import { parseJson } from '../../src/windows/decode/decoder.ts';
import { compilePlan } from '../../src/windows/plan.ts';
import type { EngineSpec } from '../../src/windows/spec.ts';
import type { OracleReplay } from '../oracle/outcomes.ts';
import type { OracleRecord } from '../oracle/record.ts';
import type { Scenario } from './arbitraries.ts';
import type { OpenEngine } from './staged.ts';
import type { TempLog } from './temp-log.ts';

export interface Pace {
  /** Of all that is random about a run beside the scenario itself. */
  readonly seed: number;
  /** Partitions fall idle and awake in between, and runs end early with a flush. */
  readonly idle: boolean;
  /** Share of actions that throw the engine away, committed or not. */
  readonly crashes: number;
  /** Records that one read yields at most. */
  readonly batchMax: number;
  /** Share of the partitions that cannot be read until everything else was. */
  readonly sleepers: number;
}

export interface DriverOptions {
  readonly revision?: number;
  readonly completeFrom?: number;
  readonly detect?: MonitorSpec['detect'];
  /** So much of each partition is in the log already, and all replays of it. */
  readonly appendedShare?: number;
  /** Default: the engine that commits everything in one transaction. */
  readonly open?: OpenEngine;
}

export interface Driver {
  /** Appends what the scenario has, all of it or this share; reads and commits in between at random. */
  play(share?: number): Promise<void>;
  /** Reads to the end of what there is, and flushes. */
  finish(): Promise<Engine>;
  /** The replays as the engine judged them: by source and partition, each with the records read before it. */
  replays(): Promise<OracleReplay[][][]>;
  /** By source, partition and offset; the last verdict on each record counts. */
  readonly verdicts: readonly (readonly { outcome: Outcome; reason?: string }[][])[];
}

export const START_MS = Date.UTC(2026, 2, 2, 9, 58);

export function monitorOf(spec: EngineSpec, detect: MonitorSpec['detect']): Monitor {
  const { pipeline, dimensions, windows, measures, rollups } = spec;
  const alerts = createAlerts({ repeatAfterMs: 60_000, locale: 'en' });
  return createMonitor(
    { pipeline, dimensions, windows, measures, rollups, detect, falseAlarmsPerDay: 1, repeatAfterMs: 60_000, locale: 'en' },
    { alerts },
  );
}

export function createDriver(temp: TempLog, scenario: Scenario, pace: Pace, options: DriverOptions = {}): Driver {
  const { spec } = scenario;
  const plan = compilePlan(spec);
  const topics = topicsOf(spec.pipeline);
  const random = createRandom(pace.seed);
  const chance = (probability: number): boolean => random.unit() < probability;
  const checks = new Map(
    spec.sources.flatMap((source) => {
      const check = createEventCheck(source)?.check;
      return check ? [[source.name, check] as const] : [];
    }),
  );
  const partitions = spec.sources.flatMap((source, s) => Array.from({ length: source.partitions }, (_, p) => ({ source, s, p })));
  const verdicts: { outcome: Outcome; reason?: string }[][][] = spec.sources.map(({ partitions: n }) =>
    Array.from({ length: n }, () => []),
  );
  const appended = spec.sources.map(({ partitions: n }, s) => Array.from({ length: n }, (_, p) => endOf(s, p, options.appendedShare ?? 0)));
  const sent = spec.sources.map(({ partitions: n }, s) =>
    Array.from({ length: n }, (_, p) => (options.appendedShare === undefined ? 0 : (scenario.replays[s]?.[p]?.length ?? 0))),
  );
  /** Per input partition, by offset on the replay topic: how many raw records had been read when it was judged. */
  const judgedAfter = new Map<string, Map<number, number>>();
  let elapsed = 0;
  const sleeping = new Set(partitions.filter(() => chance(pace.sleepers)).map(({ source, p }) => `${source.topic}/${p}`));
  let lags = new Map<string, number>();
  let isAllReadable = false;
  /** What is there at the start is seen whole. */
  let isOpening = false;
  /** By `topic/partition`: where the engine was told that it ends. It can read up to there. */
  const shownEnds = new Map<string, number>();
  let engine: Engine | undefined;
  let replaysRead: RecordBatch | undefined;

  /** The log as the engine sees it: not everything that was appended can be read yet, and reads differ in length. */
  async function read(topic: string, partition: number, offset: number, limits: Parameters<Log['read']>[3]) {
    if (isOpening) return temp.log.read(topic, partition, offset, limits);
    const lag = lags.get(`${topic}/${partition}`) ?? 0.3;
    const isOutput = [topics.windows, topics.alerts, topics.deadLetters].includes(topic);
    const isShown = offset < (shownEnds.get(`${topic}/${partition}`) ?? 0);
    const isHidden = !isAllReadable && !isOutput && !isShown && (sleeping.has(`${topic}/${partition}`) || chance(lag));
    const batch = isHidden
      ? undefined
      : await temp.log.read(topic, partition, offset, { ...limits, maxRecords: 1 + random.below(pace.batchMax) });
    if (topic === topics.replay) {
      replaysRead = batch;
    } else if (replaysRead) {
      // An aggregate reads its raw partition right after its replays.
      const known = judgedAfter.get(`${topic}/${partition}`) ?? new Map<number, number>();
      judgedAfter.set(`${topic}/${partition}`, known);
      for (let i = 0; i < replaysRead.count; i++) known.set(replaysRead.firstOffset + i, offset);
      replaysRead = undefined;
    }
    return batch;
  }

  async function showEnd(topic: string, partition: number): ReturnType<Log['bounds']> {
    const found = await temp.log.bounds(topic, partition);
    shownEnds.set(`${topic}/${partition}`, found.end);
    return found;
  }

  async function opened(): Promise<Engine> {
    const { log } = temp;
    const monitorAnew = (): Monitor => monitorOf(spec, options.detect ?? []);
    isOpening = engine === undefined;
    engine ??= await (options.open ?? openEngine)(
      {
        plan,
        topics,
        revision: options.revision ?? 1,
        completeFrom: options.completeFrom ?? -Infinity,
        start: (_, __, bounds) => bounds.start,
        provisional: chance(0.5),
        clock: scenario.clock,
        maxBatchBytes: 1 << 20,
      },
      {
        log: { ...log, read, bounds: showEnd },
        monitor: monitorAnew(),
        parse: { json: parseJson, combined: (text) => parseCombined(text) },
        checks,
        randomKey: () => [random.uint32(), random.uint32()],
        elapsed: () => elapsed,
        onJudged(batch, judged) {
          const s = spec.sources.findIndex(({ topic }) => topic === batch.topic);
          for (let i = 0; i < batch.count; i++) {
            const reason = judged.reasons.get(i);
            const outcome = OUTCOMES[judged.outcomes[i]!]!;
            verdicts[s]![batch.partition]![batch.firstOffset + i] = { outcome, ...(reason !== undefined && { reason }) };
          }
        },
      },
      monitorAnew,
    );
    isOpening = false;
    return engine;
  }

  async function crash(): Promise<void> {
    engine = undefined;
    replaysRead = undefined;
    if (chance(0.3)) await temp.reopen();
  }

  async function appendSome(share: number): Promise<void> {
    const waiting = partitions.filter(({ s, p }) => appended[s]![p]! < endOf(s, p, share));
    if (waiting.length === 0) return;
    const appends: RecordsToAppend[] = [];
    for (let i = random.below(3); i >= 0; i--) {
      const { source, s, p } = waiting[random.below(waiting.length)]!;
      const from = appended[s]![p]!;
      const to = Math.min(endOf(s, p, share), from + 1 + random.below(20));
      appended[s]![p] = to;
      appends.push(...rawAppends(source.topic, p, scenario.records[s]![p]!.slice(from, to)));
    }
    await temp.log.commit({ appends });
  }

  function endOf(s: number, p: number, share: number): number {
    return Math.ceil((scenario.records[s]?.[p]?.length ?? 0) * share);
  }

  /** Replays whose origin is in the log; some twice, and strangers between them. */
  async function sendSome(everything: boolean): Promise<void> {
    const appends: RecordsToAppend[] = [];
    const send = (partition: number, value: Uint8Array | null, key: string | undefined) => {
      appends.push({ topic: topics.replay, partition, ...packRecords([value], [key]), appendTime: START_MS });
    };
    for (const { s, p } of partitions) {
      const replays = scenario.replays[s]?.[p] ?? [];
      for (const next of replays.slice(sent[s]![p])) {
        if (!everything && chance(0.6)) break;
        if (Math.min(next.afterOffset, scenario.records[s]![p]!.length) > appended[s]![p]!) break;
        send(p, next.bytes, next.key);
        if (chance(0.2)) send(p, next.bytes, next.key);
        if (chance(0.05)) send(p, next.bytes, ['nowhere/0/1', undefined, ''][random.below(3)]);
        sent[s]![p]!++;
      }
    }
    if (appends.length > 0) await temp.log.commit({ appends });
  }

  function changeLags(): void {
    lags = new Map(
      [...partitions.map(({ source, p }) => `${source.topic}/${p}`), ...partitions.map(({ p }) => `${topics.replay}/${p}`)].map((name) => [
        name,
        [0, 0.3, 0.97][random.below(3)]!,
      ]),
    );
  }

  async function act(share: number): Promise<void> {
    const current = await opened();
    const roll = random.unit();
    if (roll < pace.crashes) await crash();
    else if (roll < 0.3) await appendSome(share);
    else if (roll < 0.38) await sendSome(false);
    else if (roll < 0.75) await current.step();
    else if (roll < 0.93) await current.commit();
    else if (roll < 0.96 || !pace.idle) changeLags();
    else if (roll < 0.99) elapsed += random.below(2 * spec.limits.idleAfterMs);
    else await current.flush();
  }

  return {
    verdicts,
    async play(share = 1) {
      await opened();
      while (partitions.some(({ s, p }) => appended[s]![p]! < endOf(s, p, share))) await act(share);
      for (let i = random.below(12); i > 0; i--) await act(share);
      await sendSome(true);
    },
    async finish() {
      if (chance(pace.crashes * 3)) await crash();
      const last = await opened();
      isAllReadable = true;
      while ((await last.step()) > 0) if (chance(0.3)) await last.commit();
      await last.flush();
      isAllReadable = false;
      return last;
    },
    async replays() {
      const found: OracleReplay[][][] = spec.sources.map(({ partitions: n }) => Array.from({ length: n }, () => []));
      for (const { source, s, p } of partitions) {
        for (const { offset, key, bytes, appendTime } of await allRecords(temp.log, topics.replay, p)) {
          const afterOffset = judgedAfter.get(`${source.topic}/${p}`)?.get(offset);
          if (!key.startsWith(`${source.topic}/${p}/`) || afterOffset === undefined) continue;
          found[s]![p]!.push({ key, bytes, appendTime, afterOffset });
        }
      }
      return found;
    },
  };
}

/** An append has one append time: one for each record. */
export function rawAppends(topic: string, partition: number, records: readonly OracleRecord[]): RecordsToAppend[] {
  return records.map(({ bytes, appendTime }) => ({ topic, partition, ...packRecords([bytes], ['some key']), appendTime }));
}

export interface LoggedRecord {
  readonly offset: number;
  readonly key: string;
  readonly bytes: Uint8Array | null;
  readonly appendTime: number;
}

export async function allRecords(log: Log, topic: string, partition: number): Promise<LoggedRecord[]> {
  const found: LoggedRecord[] = [];
  for (let offset = 0; ;) {
    const batch = await log.read(topic, partition, offset, { maxBytes: 1 << 20 });
    if (!batch) return found;
    for (let i = 0; i < batch.count; i++) {
      const key = Buffer.from(keyAt(batch, i) ?? []).toString();
      const bytes = batch.tombstones?.[i] === 1 ? null : recordAt(batch, i).slice();
      found.push({ offset: batch.firstOffset + i, key, bytes, appendTime: batch.appendTimes[i]! });
    }
    offset = batch.firstOffset + batch.count;
  }
}

/** What stands on a topic of one partition, as texts. */
export async function allTexts(log: Log, topic: string): Promise<string[]> {
  return (await allRecords(log, topic, 0)).map(({ bytes }) => Buffer.from(bytes ?? []).toString());
}
