/** The stages one by one on a log without transactions, with deaths, takeovers and zombies, against the oracle and the common engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { differences } from '../oracle/compare.ts';
import { anyScenario, scenario } from './arbitraries.ts';
import { assertCounts, assertDeadLetters, assertOutcomes, NEVER_MS, pace, played, retiring, SKETCHES } from './played.ts';
import { runs } from './runs.ts';
import { stagedOpener, type Faults } from './staged.ts';
import { nameOf } from './told.ts';

const faults = (zombies: number): fc.Arbitrary<Faults> =>
  fc.record({ seed: fc.nat(), deaths: fc.constantFrom(0, 0.05, 0.2), zombies: fc.constantFrom(0, zombies) });

for (const [what, zombies] of [
  ['deaths between telling and noting, nothing stands anywhere twice', 0],
  ['zombies too, what stands twice is the same to the letter', 0.1],
] as const) {
  test(`with ${what}, and everything told is what the oracle says`, async () => {
    await fc.assert(
      fc.asyncProperty(anyScenario(), pace(), faults(zombies), async (drawn, at, drawnFaults) => {
        const one = retiring(drawn, NEVER_MS);
        const result = await played(one, at, { open: stagedOpener(drawnFaults), repeats: zombies > 0 });
        assertOutcomes(result);
        assertDeadLetters(one, result);
        const { told, judgement, engine } = result;
        const measures = one.spec.measures;
        const options = { ...SKETCHES, tolerance: 0 };
        assert.deepEqual(differences(told.last, judgement.rows, measures, { ...options, stage: 'last' }), []);
        const mains = judgement.rows.filter(({ origin }) => origin === '');
        assert.deepEqual(differences(told.first, mains, measures, { ...options, stage: 'first' }), []);
        assertCounts(one, engine, judgement);
      }),
      runs(12),
    );
  });
}

const byName = (rows: readonly WindowRow[]): Map<string, string> => new Map(rows.map((row) => [nameOf(row), JSON.stringify(row)]));

test('the stages and the common engine tell the same first final rows and last rows, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(scenario({ replays: false }), pace(), pace(), faults(0.1), async (drawn, one, other, drawnFaults) => {
      const held = retiring(drawn, NEVER_MS);
      const a = (await played(held, one)).told;
      const b = (await played(held, other, { open: stagedOpener(drawnFaults), repeats: true })).told;
      assert.deepEqual(byName(a.first), byName(b.first));
      assert.deepEqual(byName(a.last), byName(b.last));
    }),
    runs(6),
  );
});
