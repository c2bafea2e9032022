import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { OUTCOMES } from '../../src/core/outcome.ts';
import { judge } from '../oracle/oracle.ts';
import type { OracleRow } from '../oracle/windows.ts';
import { scenario } from './arbitraries.ts';

const RUNS = 120;

function tally(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

test('random scenarios meet every outcome, reason and kind of window often enough to find faults', () => {
  const scenarios = fc.sample(scenario(), { numRuns: RUNS, seed: 20_260_302 });
  const judged = scenarios.map((one) => ({ one, judgement: judge(one.spec, one.records, { clock: one.clock, replays: one.replays }) }));
  const verdicts = judged.flatMap(({ judgement }) => judgement.verdicts.flat(2));
  const outcomes = tally(verdicts.map(({ outcome }) => outcome));
  for (const outcome of OUTCOMES) {
    const share = (outcomes.get(outcome) ?? 0) / verdicts.length;
    assert.ok(share >= 0.03, `${outcome}: ${(100 * share).toFixed(1)} % of ${verdicts.length} records`);
  }
  const reasons = tally(verdicts.flatMap(({ reason }) => (reason === undefined ? [] : [reason])));
  const fields = ['id', 'at'].flatMap((field) => ['missing', 'type'].map((fault) => `${fault}:${field}`));
  for (const reason of [
    'bad_utf8',
    'bad_json',
    'not_object',
    'too_long',
    'future',
    'schema_version',
    'value:id',
    'value:at',
    'value:country',
    'value:amount',
    ...fields,
  ]) {
    assert.ok((reasons.get(reason) ?? 0) >= 10, `${reason}: ${reasons.get(reason)}`);
  }

  const rows = judged.flatMap(({ judgement }) => judgement.rows);
  const replayVerdicts = tally(judged.flatMap(({ judgement }) => judgement.replayVerdicts.flat(2)).map(({ outcome }) => outcome));
  const found = {
    corrected: rows.filter(({ corrections, atFinal }) => corrections > 0 && atFinal).length,
    bornAsCorrection: rows.filter(({ atFinal }) => !atFinal).length,
    ofOutcomesAlone: rows.filter(({ values }) => values.events === 0).length,
    notFinal: rows.filter(({ final, origin }) => !final && origin === '').length,
    withIdle: rows.filter(({ idle }) => idle.length > 0).length,
    ofSeveralPartitions: rows.filter(({ partitions }) => partitions.length > 1).length,
    replayed: rows.filter(({ origin }) => origin === 'replay').length,
    undefinedMeasure: rows.filter(({ values }) => Object.values(values.measures).includes(null)).length,
    replayAccepted: replayVerdicts.get('accepted') ?? 0,
    replayDuplicate: replayVerdicts.get('duplicate') ?? 0,
    replayInvalid: replayVerdicts.get('invalid') ?? 0,
    overflowing: judged.filter(({ one, judgement }) => {
      const unlimited = { ...one.spec, limits: { ...one.spec.limits, maxSeries: 1_000_000 } };
      return (
        judge(unlimited, one.records, { clock: one.clock }).rows.length !== judgement.rows.filter(({ origin }) => origin === '').length
      );
    }).length,
    forgettingIds: judged.filter(({ one, judgement }) => {
      const { maxIds: _, ...unlimited } = one.spec.limits;
      const { counts } = judge({ ...one.spec, limits: unlimited }, one.records, { clock: one.clock });
      return counts.duplicate !== judgement.counts.duplicate;
    }).length,
  };
  for (const [name, count] of Object.entries(found)) assert.ok(count >= 20, `${name}: ${count}`);
});

test('in every scenario the oracle keeps its own laws', () => {
  fc.assert(
    fc.property(scenario({ maxRecords: 20 }), ({ spec, records, clock, replays }) => {
      const judgement = judge(spec, records, { clock, replays });
      const read = records.flat(2).length;
      assert.equal(
        OUTCOMES.reduce((sum, outcome) => sum + judgement.counts[outcome], 0),
        read,
      );
      // Replays change nothing in the main rows, nor in any verdict.
      const without = judge(spec, records, { clock });
      assert.deepEqual(without.verdicts, judgement.verdicts);
      assert.deepEqual(
        without.rows,
        judgement.rows.filter(({ origin }) => origin === ''),
      );
      // A tumbling window's events are the accepted ones, in the series and in every roll-up alike.
      for (const window of spec.windows.filter(({ sizeMs, slideMs }) => sizeMs === slideMs)) {
        for (const names of [spec.dimensions, ...spec.rollups]) {
          const rows: readonly OracleRow[] = without.rows.filter(
            (row) => row.window === window.name && Object.keys(row.labels).length === names.length,
          );
          const own = rows.filter((row) => names.every((name) => name in row.labels));
          assert.equal(
            own.reduce((sum, row) => sum + row.values.events, 0),
            judgement.counts.accepted,
          );
        }
      }
      for (const row of judgement.rows) assert.equal(row.values.events, (row.atFinal?.events ?? 0) + row.corrections);
    }),
    { numRuns: 60 },
  );
});
