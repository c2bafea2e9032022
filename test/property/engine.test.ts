/** The engine over a real log, against the naive oracle: random pipelines, streams, batches, lags, restarts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noOutcomes, OUTCOMES } from '../../src/core/outcome.ts';
import type { Engine } from '../../src/pipeline/engine.ts';
import { mergeRows } from '../../src/windows/row-merge.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { differences } from '../oracle/compare.ts';
import { judge, type Judgement } from '../oracle/oracle.ts';
import { scenario, type Scenario } from './arbitraries.ts';
import { createDriver, type Driver, type Pace } from './driver.ts';
import { runs } from './runs.ts';
import { withTempLog } from './temp-log.ts';
import { nameOf, readTold, type Told } from './told.ts';

const NEVER_MS = 1e15;
const SKETCHES = { distinctError: 0.02, quantileError: 0.011 };

const pace = (fixed: Partial<Pace> = {}): fc.Arbitrary<Pace> =>
  fc.record({ seed: fc.nat(), crashes: fc.constantFrom(0, 0.03, 0.1), batchMax: fc.constantFrom(1, 3, 20, 500) }).map((drawn) => ({
    idle: false,
    sleepers: 0,
    ...drawn,
    ...fixed,
  }));

function retiring(one: Scenario, retireAfterMs: number): Scenario {
  return { ...one, spec: { ...one.spec, limits: { ...one.spec.limits, retireAfterMs } } };
}

async function played(one: Scenario, at: Pace): Promise<{ told: Told; driver: Driver; engine: Engine; judgement: Judgement }> {
  return withTempLog(async (temp) => {
    const driver = createDriver(temp, one, at);
    await driver.play();
    const engine = await driver.finish();
    const told = await readTold(temp.log, one.spec.pipeline);
    const judgement = judge(one.spec, one.records, { clock: one.clock, replays: await driver.replays() });
    return { told, driver, engine, judgement };
  });
}

function assertOutcomes({ driver, engine, judgement }: { driver: Driver; engine: Engine; judgement: Judgement }): void {
  const wanted = judgement.verdicts.map((source) =>
    source.map((ofPartition) => ofPartition.map(({ outcome, reason }) => (reason === undefined ? { outcome } : { outcome, reason }))),
  );
  assert.deepEqual(driver.verdicts, wanted);
  const counts = noOutcomes();
  engine.partitions().forEach(({ totals, reasons }, index) => {
    const mine = wanted.flat()[index]!;
    assert.equal(
      OUTCOMES.reduce((sum, outcome) => sum + totals[outcome], 0),
      mine.length,
    );
    assert.equal(
      [...reasons.values()].reduce((sum, count) => sum + count, 0),
      totals.invalid,
    );
    for (const outcome of OUTCOMES) counts[outcome] += totals[outcome];
    for (const [reason, count] of reasons) assert.equal(count, mine.filter((verdict) => verdict.reason === reason).length, reason);
  });
  assert.deepEqual(counts, judgement.counts);
  const accepted = judgement.replayVerdicts.flat(2).filter(({ outcome }) => outcome === 'accepted').length;
  assert.equal(
    engine.partitions().reduce((sum, { replayed }) => sum + replayed, 0),
    accepted,
  );
}

function assertDeadLetters(one: Scenario, { told, judgement }: { told: Told; judgement: Judgement }): void {
  const wanted = one.spec.sources.flatMap(({ topic }, s) =>
    judgement.verdicts[s]!.flatMap((ofPartition, p) =>
      ofPartition.flatMap(({ outcome, reason }, offset) =>
        outcome === 'late' || outcome === 'invalid'
          ? [{ key: `${topic}/${p}/${offset}`, reason: reason ?? 'late', bytes: one.records[s]![p]![offset]!.bytes! }]
          : [],
      ),
    ),
  );
  const found = new Map(told.letters.map(({ key, letter }) => [key, letter]));
  assert.equal(found.size, told.letters.length, 'a dead letter stands twice');
  assert.deepEqual([...found.keys()].sort(), wanted.map(({ key }) => key).sort());
  for (const { key, reason, bytes } of wanted) {
    const letter = found.get(key)!;
    assert.equal(letter.reason, reason, key);
    const payload = letter.payload === undefined ? Buffer.from(letter.payload_base64!, 'base64') : Buffer.from(letter.payload);
    const kept = bytes.subarray(0, one.spec.limits.maxRecordBytes);
    assert.deepEqual(payload, Buffer.from(kept), key);
    assert.equal(letter.truncated_from_bytes, kept.length < bytes.length ? bytes.length : undefined, key);
  }
}

function assertCounts(one: Scenario, engine: Engine, judgement: Judgement): void {
  for (const { name } of one.spec.windows) {
    const rows = judgement.rows.filter(
      ({ window, labels, origin }) => window === name && origin === '' && Object.keys(labels).length === one.spec.dimensions.length,
    );
    const final = rows.filter((row) => row.final);
    const wanted = { results: rows.length, corrections: final.reduce((sum, row) => sum + row.corrections, 0) };
    assert.deepEqual(engine.counts()[name], wanted, name);
  }
}

test('with lags, restarts and replays, everything told is what the oracle says', async () => {
  await fc.assert(
    fc.asyncProperty(scenario(), pace(), async (drawn, at) => {
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
    runs(60),
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
    runs(25),
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
    runs(25),
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
    runs(25),
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
    runs(40),
  );
});

function sumOf(rows: readonly { readonly events: number }[]): number {
  return rows.reduce((sum, { events }) => sum + events, 0);
}
