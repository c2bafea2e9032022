import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../../test/property/temp-log.ts';
import { until } from '../../../test/support/until.ts';
import { definePipeline } from '../../config/load-pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import type { Log } from '../../log/log.ts';
import { ensureTopics } from '../../pipeline/engine.ts';
import { recordedRevisions, type RevisionChoice } from '../../pipeline/revision.ts';
import { settleStageRevision, type StageRevision } from '../../pipeline/stage-revision.ts';
import { PARTIALS_SETTINGS, partialsTopic } from '../../pipeline/stage-topics.ts';
import { compilePlan, inputPartitions } from '../../windows/plan.ts';
import { RUN_DEFAULTS } from '../run/run-options.ts';
import { createMonitorSeat, type MonitorSeat } from './monitor-seat.ts';
import { createReadAnew } from './read-anew.ts';

const config = definePipeline({
  pipeline: 'shop',
  source: { topic: 'orders' },
  event: { time: 'at' },
  dimensions: ['country'],
  measures: { orders: { count: {} } },
  windows: ['1m'],
});
const { topics, hashes } = config;
const plan = compilePlan(config.engine);
const inputs = inputPartitions(plan.spec).map(({ source, partition, name }) => {
  return { source, topic: source.topic, partition, name, replayTopic: topics.replay };
});

/** Another process settles its choice. */
type Settle = (windows: string, choice: RevisionChoice) => Promise<StageRevision>;

/** A process that was the active monitor, and is it no more. `elapsed`: by its clock, ms. */
async function withFormerMonitor(elapsed: () => number, body: (seat: MonitorSeat, settle: Settle) => Promise<void>): Promise<void> {
  await withTempLog(async ({ log }) => {
    await ensureTopics({ plan, topics }, log);
    await log.ensureTopic(partialsTopic('shop'), PARTIALS_SETTINGS);
    const ledger = async (): Promise<Log> => ({ ...log, close: async () => {} });
    const readRevision = async () => (await recordedRevisions(log, 'shop')) as StageRevision | undefined;
    const seat = createMonitorSeat(
      { plan, mode: 'event', startedAt: 0, commitEveryMs: 1, isCandidate: true },
      { ...RUN_DEFAULTS, files: [config], data: '.', once: true },
      {
        connection: { lag: async () => [] },
        ground: { config, inputs, reader: log, stageLog: ledger, partitionLog: ledger },
        readRevision,
        readAnew: createReadAnew({ readRevision }),
        hotStore: createMemoryHotStore({ history: [] }),
        onCommitted: async () => {},
        clock: { now: () => 1, elapsed },
        logger: silentLogger,
        write: () => {},
        colour: false,
      },
    );
    const term = new AbortController();
    const standing = { holds: async () => true, lost: term.signal };
    const holding = seat.hold(term.signal, standing, undefined);
    await until(() => seat.active() !== undefined);
    assert.equal((await seat.revision(term.signal)).windows.counter, 1);
    term.abort();
    await holding;
    await body(seat, (windows, choice) =>
      settleStageRevision('shop', { ...hashes, windows }, inputs, choice, { log, readPartition: ledger, startedAt: 2, now: 3 }),
    );
  });
}

test('who was the monitor once goes by what the one after it has settled', async () => {
  await withFormerMonitor(
    () => systemClock.elapsed(),
    async (seat, settle) => {
      const settled = await settle(hashes.windows, { kind: 'from', from: 'earliest' });
      assert.equal(settled.windows.counter, 2);
      assert.deepEqual(await seat.revision(AbortSignal.timeout(10_000)), settled);
    },
  );
});

test('who was the monitor once, with a file that is out of date since, takes no partition over', async () => {
  let now = 0;
  await withFormerMonitor(
    () => (now += 1_000),
    async (seat, settle) => {
      await settle('another', { kind: 'new' });
      const refused = { code: 'revision_changed', message: /pipeline shop: the file now computes other windows/ };
      await assert.rejects(seat.revision(AbortSignal.timeout(10_000)), refused);
    },
  );
});
