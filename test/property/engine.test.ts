/** The engine over a real log, against the naive oracle: random pipelines, streams, batches, lags, restarts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { mergeRows } from '../../src/windows/row-merge.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { differences } from '../oracle/compare.ts';
import { anyScenario, scenario } from './arbitraries.ts';
import { assertCounts, assertDeadLetters, assertOutcomes, NEVER_MS, pace, played, retiring, SKETCHES } from './played.ts';
import { runs } from './runs.ts';
import { nameOf, type Told } from './told.ts';

test('with lags, restarts and replays, everything told is what the oracle says', async () => {
  await fc.assert(
    fc.asyncProperty(anyScenario(), pace(), async (drawn, at) => {
      const one = retiring(drawn, NEVER_MS);
      const result = await played(one, at);
      assertOutcomes(result);
      assertDeadLetters(one, result);
      const { told, judgement, engine } = result;
      const measures = one.spec.measures;
      assert.deepEqual(differences(told.last, judgement.rows, measures, { ...SKETCHES, stage: 'last', tolerance: 0 }), []);
      const mains = judgement.rows.filter(({ origin }) => origin === '');
      assert.deepEqual(differences(told.first, mains, measures, { ...SKETCHES, stage: 'first', tolerance: 0 }), []);
      assertCounts(one, engine, judgement);
    }),
    runs(20),
  );
});

/** What must not depend on how the records were cut and when they were read. */
function sequence({ records, first }: Told): string[] {
  const finals = new Set<unknown>(first);
  return records.filter((record) => record.kind === 'closed' || finals.has(record)).map((record) => JSON.stringify(record));
}

const byName = (rows: readonly WindowRow[]): Map<string, string> => new Map(rows.map((row) => [nameOf(row), JSON.stringify(row)]));

test('two runs with other batches, lags and restarts tell the same first final rows, closed records and last rows, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(scenario({ replays: false }), pace(), pace({ batchMax: 500, crashes: 0 }), async (drawn, one, other) => {
      const held = retiring(drawn, NEVER_MS);
      const [a, b] = [(await played(held, one)).told, (await played(held, other)).told];
      assert.deepEqual(sequence(a), sequence(b));
      assert.deepEqual(byName(a.last), byName(b.last));
    }),
    runs(12),
  );
});

test('idleness changes only rows that name an idle partition', async () => {
  await fc.assert(
    fc.asyncProperty(scenario({ replays: false }), pace({ idle: true }), pace({ idle: true }), async (drawn, one, other) => {
      const held = retiring(drawn, NEVER_MS);
      const [a, b] = [(await played(held, one)).told, (await played(held, other)).told];
      const named = new Set([...a.last, ...b.last].filter(({ idle }) => idle.length > 0).map(nameOf));
      const steady = (rows: readonly WindowRow[]) => byName(rows.filter((row) => !named.has(nameOf(row))));
      assert.deepEqual(steady(a.first), steady(b.first));
      assert.deepEqual(steady(a.last), steady(b.last));
    }),
    runs(12),
  );
});

test('with silences, every window ends up with what the oracle counts', async () => {
  await fc.assert(
    fc.asyncProperty(scenario(), pace({ idle: true }), async (drawn, at) => {
      const one = retiring(drawn, NEVER_MS);
      const result = await played(one, at);
      assertOutcomes(result);
      assertDeadLetters(one, result);
      const { told, judgement } = result;
      assert.deepEqual(differences(told.last, judgement.rows, one.spec.measures, { ...SKETCHES, stage: 'totals', tolerance: 0 }), []);
    }),
    runs(12),
  );
});

test('windows that no longer wait for partitions far behind: origins add up to the whole, once', async () => {
  await fc.assert(
    fc.asyncProperty(
      scenario(),
      pace({ idle: true, sleepers: 0.5 }),
      fc.constantFrom(0, 1_000, 20_000, 120_000),
      async (drawn, at, retireAfterMs) => {
        const one = retiring(drawn, retireAfterMs);
        const result = await played(one, at);
        assertOutcomes(result);
        assertDeadLetters(one, result);
        const { told, judgement } = result;
        const measures = one.spec.measures;
        const isReplay = (row: { origin: string }) => row.origin === 'replay';
        const merged = mergeRows(
          told.last.filter((row) => !isReplay(row)),
          measures,
        );
        const mains = judgement.rows.filter((row) => !isReplay(row));
        const options = { ...SKETCHES, stage: 'totals', tolerance: 1e-9 } as const;
        assert.deepEqual(differences(merged, mains, measures, options), []);
        assert.deepEqual(differences(told.last.filter(isReplay), judgement.rows.filter(isReplay), measures, options), []);
        const both = mergeRows(
          told.records.filter((record) => record.kind === 'row'),
          measures,
        );
        assert.equal(sumOf(both), sumOf(judgement.rows.map(({ values }) => values)));
      },
    ),
    runs(12),
  );
});

function sumOf(rows: readonly { readonly events: number }[]): number {
  return rows.reduce((sum, { events }) => sum + events, 0);
}
