/** Another file on the same data: refused, gone on with, or everything read again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import type { AppError } from '../../src/core/errors.ts';
import { recordedRevisions, settleRevision, type RevisionChoice } from '../../src/pipeline/revision.ts';
import { topicsOf } from '../../src/pipeline/topics.ts';
import { inputPartitions } from '../../src/windows/plan.ts';
import { differences } from '../oracle/compare.ts';
import { judge } from '../oracle/oracle.ts';
import { scenario, type Scenario } from './arbitraries.ts';
import { createDriver } from './driver.ts';
import { NEVER_MS, pace, retiring, SKETCHES } from './played.ts';
import { runs } from './runs.ts';
import { withTempLog, type TempLog } from './temp-log.ts';
import { readTold } from './told.ts';

function settle(temp: TempLog, { spec }: Scenario, windows: string, choice: RevisionChoice) {
  const inputs = inputPartitions(spec).map(({ source, partition, name }) => {
    return { topic: source.topic, partition, name, replayTopic: topicsOf(spec.pipeline).replay };
  });
  return settleRevision(temp.log, spec.pipeline, { windows, parts: {}, detect: 'd' }, inputs, choice);
}

test('windows of another revision are refused, and nothing is touched', async () => {
  await fc.assert(
    fc.asyncProperty(scenario({ maxRecords: 10 }), pace(), async (drawn, at) => {
      await withTempLog(async (temp) => {
        const first = await settle(temp, drawn, 'one', { kind: 'same' });
        const driver = createDriver(temp, drawn, at);
        await driver.play();
        await driver.finish();
        const before = await temp.log.state('');
        await assert.rejects(settle(temp, drawn, 'two', { kind: 'same' }), (error: AppError) => error.code === 'revision_changed');
        assert.deepEqual(await temp.log.state(''), before);
        assert.deepEqual(await recordedRevisions(temp.log, drawn.spec.pipeline), first);
        assert.deepEqual(await settle(temp, drawn, 'one', { kind: 'same' }), first);
      });
    }),
    runs(5),
  );
});

test('everything read again, by the same rules or milder ones: what the oracle says stands in the new revision, and counts once', async () => {
  await fc.assert(
    fc.asyncProperty(scenario(), pace(), pace(), fc.boolean(), async (drawn, at, then, isMilder) => {
      const one = retiring(drawn, NEVER_MS);
      // What was sent in again is accepted by the partition itself then, most of it.
      const two = isMilder ? milder(one) : one;
      await withTempLog(async (temp) => {
        await settle(temp, one, 'one', { kind: 'same' });
        const driver = createDriver(temp, one, at);
        await driver.play();
        await driver.finish();
        const from = {
          windows: (await temp.log.bounds('random.windows', 0)).end,
          letters: (await temp.log.bounds('random.dlq', 0)).end,
        };
        const { windows, completeFrom } = await settle(temp, two, 'two', { kind: 'from', from: 'earliest' });
        assert.deepEqual([windows.counter, completeFrom], [2, -Infinity]);
        const again = createDriver(temp, two, then, { revision: windows.counter, completeFrom, appendedShare: 1 });
        await again.play();
        const engine = await again.finish();
        const replays = await again.replays();
        const judgement = judge(two.spec, two.records, { clock: two.clock, replays });
        const told = await readTold(temp.log, two.spec.pipeline, from);
        const options = { ...SKETCHES, stage: 'last', tolerance: 0 } as const;
        assert.deepEqual(differences(told.last, judgement.rows, two.spec.measures, options), []);
        const mains = judgement.rows.filter(({ origin }) => origin === '');
        assert.deepEqual(differences(told.first, mains, two.spec.measures, { ...options, stage: 'first' }), []);
        for (const row of told.last) assert.equal(BigInt(row.version) >> 54n, 2n);
        const accepted = judgement.replayVerdicts.flat(2).filter(({ outcome }) => outcome === 'accepted').length;
        assert.equal(
          engine.partitions().reduce((sum, { replayed }) => sum + replayed, 0),
          accepted,
        );
        // A replay is judged when all that was in the log is read, so that its id is known where it counted.
        for (const [s, source] of replays.entries()) {
          source.forEach((mine, p) => mine.forEach(({ afterOffset }) => assert.equal(afterOffset, two.records[s]![p]!.length)));
        }
      });
    }),
    runs(8),
  );
});

/** Nothing is late, and less is of the future. */
function milder(drawn: Scenario): Scenario {
  const sources = drawn.spec.sources.map((source) => {
    const event = { ...source.event, allowedLatenessMs: 86_400_000, maxAheadMs: 86_400_000 };
    return { ...source, event };
  });
  return { ...drawn, spec: { ...drawn.spec, sources } };
}

test('going on in a new revision: no window begun before is given out, and every later one is whole', async () => {
  await fc.assert(
    fc.asyncProperty(scenario({ replays: false }), pace(), pace(), fc.integer({ min: 1, max: 9 }), async (drawn, at, then, tenths) => {
      const wide = retiring(drawn, NEVER_MS);
      const one = { ...wide, spec: { ...wide.spec, limits: { ...wide.spec.limits, maxSeries: 1_000 } } };
      const measures = [...one.spec.measures, { name: 'all', kind: 'count', source: one.spec.sources[0]!.name, where: [] } as const];
      const two = { ...one, spec: { ...one.spec, measures } };
      await withTempLog(async (temp) => {
        await settle(temp, one, 'one', { kind: 'same' });
        const driver = createDriver(temp, one, at);
        await driver.play(tenths / 10);
        await driver.finish();
        const from = { windows: (await temp.log.bounds('random.windows', 0)).end, letters: 0 };
        const { windows, completeFrom } = await settle(temp, two, 'two', { kind: 'new' });
        const next = createDriver(temp, two, then, { revision: windows.counter, completeFrom, appendedShare: tenths / 10 });
        await next.play();
        const engine = await next.finish();
        const judgement = judge(two.spec, two.records, { clock: two.clock });
        const told = await readTold(temp.log, two.spec.pipeline, from);
        const wanted = judgement.rows.filter(({ start }) => start >= completeFrom);
        assert.deepEqual(differences(told.last, wanted, measures, { ...SKETCHES, stage: 'last', tolerance: 0 }), []);
        assert.deepEqual(
          told.closed.filter((record) => Date.parse(record.window_start) < completeFrom),
          [],
        );
        const accepted = engine.partitions().reduce((sum, { totals }) => sum + totals.accepted, 0);
        assert.equal(accepted, judgement.counts.accepted, 'the partitions remember ids, watermark and totals');
      });
    }),
    runs(10),
  );
});
