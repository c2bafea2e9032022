/** Any bytes on the input: nothing throws, every record has its outcome, and only what is an event counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { OUTCOMES, type Outcome } from '../../src/core/outcome.ts';
import { originKey } from '../../src/dead-letter/dead-letter.ts';
import { differences } from '../oracle/compare.ts';
import { judge } from '../oracle/oracle.ts';
import type { OracleRecord } from '../oracle/record.ts';
import { scenario, type Scenario } from './arbitraries.ts';
import { createDriver } from './driver.ts';
import { assertDeadLetters, assertOutcomes, NEVER_MS, pace, played, retiring, SKETCHES } from './played.ts';
import { runs } from './runs.ts';
import { withTempLog } from './temp-log.ts';
import { readTold } from './told.ts';

/** Other bytes at some places of some records; and records that are nothing but bytes. */
interface Damage {
  readonly flips: readonly (readonly [at: number, byte: number])[];
  readonly bytes: Uint8Array;
  readonly kind: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
  bytes: fc.uint8Array({ maxLength: 700 }),
  kind: fc.nat({ max: 5 }),
});

function damaged(record: OracleRecord, { flips, bytes, kind }: Damage): OracleRecord {
  if (kind === 0) return { ...record, bytes };
  if (!record.bytes || kind > 3) return record;
  const changed = record.bytes.slice();
  for (const [at, byte] of flips) if (changed.length > 0) changed[at % changed.length] = byte;
  return { ...record, bytes: changed };
}

function damagedScenario(one: Scenario, damages: readonly Damage[]): Scenario {
  const records = one.records.map((source) => source.map((mine) => mine.map((record, i) => damaged(record, damages[i % damages.length]!))));
  // Only what became a dead letter is sent in again, and that may be others now.
  const { verdicts } = judge(one.spec, records, { clock: one.clock });
  const replays = one.replays.map((source, s) =>
    source.map((mine, p) => {
      const topic = one.spec.sources[s]!.topic;
      const dead = new Set(verdicts[s]![p]!.flatMap(({ outcome }, i) => (isDead(outcome) ? [originKey(topic, p, i)] : [])));
      return mine.filter(({ key }) => dead.has(key));
    }),
  );
  return { ...one, records, replays };
}

function isDead(outcome: Outcome): boolean {
  return outcome === 'late' || outcome === 'invalid';
}

test('of any bytes the engine makes what the oracle makes', async () => {
  await fc.assert(
    fc.asyncProperty(scenario(), fc.array(damage, { minLength: 7, maxLength: 40 }), pace(), async (drawn, damages, at) => {
      const one = retiring(damagedScenario(drawn, damages), NEVER_MS);
      const result = await played(one, at);
      assertOutcomes(result);
      assertDeadLetters(one, result);
      const options = { ...SKETCHES, stage: 'last', tolerance: 0 } as const;
      assert.deepEqual(differences(result.told.last, result.judgement.rows, one.spec.measures, options), []);
    }),
    runs(15),
  );
});

test('of any bytes as log lines every one is accounted for', async () => {
  const line = '10.0.0.1 - - [02/Mar/2026:09:58:00 +0000] "GET /a HTTP/1.1" 200 12 "-" "M/4"';
  const one = (records: OracleRecord[], { spec }: Scenario): Scenario => {
    const source = { ...spec.sources[0]!, format: 'combined' as const, partitions: 1, where: [], lookups: [] };
    const { schema: _, ...bare } = { ...source, event: { ...source.event, time: 'time', timeUnit: 'iso' as const } };
    const { id: __, ...event } = bare.event;
    const measures = [{ name: 'n', kind: 'count', source: source.name, where: [] }] as const;
    const dimensions = ['status_class', 'method'];
    return {
      spec: { ...spec, sources: [{ ...bare, event }], dimensions, measures, rollups: [[]] },
      clock: 'event',
      records: [[records]],
      replays: [[[]]],
    };
  };
  await fc.assert(
    fc.asyncProperty(scenario(), fc.array(damage, { maxLength: 60 }), pace(), async (drawn, damages, at) => {
      const records = damages.map((each) => damaged({ bytes: new TextEncoder().encode(line), appendTime: 0 }, each));
      await withTempLog(async (temp) => {
        const lines = one(records, drawn);
        const driver = createDriver(temp, lines, at);
        await driver.play();
        const engine = await driver.finish();
        const { totals } = engine.partitions()[0]!;
        assert.equal(
          OUTCOMES.reduce((sum, outcome) => sum + totals[outcome], 0),
          records.length,
        );
        const { last, letters } = await readTold(temp.log, lines.spec.pipeline);
        assert.equal(letters.length, totals.late + totals.invalid);
        const window = lines.spec.windows.find(({ sizeMs, slideMs }) => sizeMs === slideMs);
        const ofWindow = last.filter((row) => row.window === window?.name && Object.keys(row.labels).length === 0);
        if (window)
          assert.equal(
            ofWindow.reduce((sum, row) => sum + row.events, 0),
            totals.accepted,
          );
      });
    }),
    runs(10),
  );
});
