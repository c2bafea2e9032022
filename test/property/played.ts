/** Runs a scenario through the engine and the oracle, and holds what they say against each other. */
import assert from 'node:assert/strict';
import { fc } from '../support/fast-check.ts';
import { atOnce } from '../../src/core/slices.ts';
import { noOutcomes, OUTCOMES } from '../../src/core/outcome.ts';
import type { Engine } from '../../src/pipeline/engine.ts';
import { judge, type Judgement } from '../oracle/oracle.ts';
import type { Scenario } from './arbitraries.ts';
import { createDriver, type Driver, type DriverOptions, type Pace } from './driver.ts';
import { withTempLog, type TempLog } from './temp-log.ts';
import { readTold, type Told } from './told.ts';

/** Windows are never given up. */
export const NEVER_MS = 1e15;
export const SKETCHES = { distinctError: 0.02, quantileError: 0.011 };

export const pace = (fixed: Partial<Pace> = {}): fc.Arbitrary<Pace> =>
  fc.record({ seed: fc.nat(), crashes: fc.constantFrom(0, 0.03, 0.1), batchMax: fc.constantFrom(1, 3, 20, 500) }).map((drawn) => ({
    idle: false,
    sleepers: 0,
    ...drawn,
    ...fixed,
  }));

export function retiring(one: Scenario, retireAfterMs: number): Scenario {
  return { ...one, spec: { ...one.spec, limits: { ...one.spec.limits, retireAfterMs } } };
}

export interface Played {
  readonly told: Told;
  readonly driver: Driver;
  readonly engine: Engine;
  readonly judgement: Judgement;
}

type PlayOptions = DriverOptions & { readonly repeats?: boolean };

export async function played(one: Scenario, at: Pace, given: PlayOptions | ((temp: TempLog) => PlayOptions) = {}): Promise<Played> {
  return withTempLog(async (temp) => {
    const options = typeof given === 'function' ? given(temp) : given;
    const driver = createDriver(temp, one, at, options);
    await driver.play();
    const engine = await driver.finish();
    const told = await readTold(temp.log, one.spec.pipeline, undefined, options.repeats);
    const judgement = judge(one.spec, one.records, { clock: one.clock, replays: await driver.replays() });
    return { told, driver, engine, judgement };
  });
}

export function assertOutcomes({ driver, engine, judgement }: { driver: Driver; engine: Engine; judgement: Judgement }): void {
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

export function assertDeadLetters(one: Scenario, { told, judgement }: { told: Told; judgement: Judgement }): void {
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

export function assertCounts(one: Scenario, engine: Engine, judgement: Judgement): void {
  for (const { name } of one.spec.windows) {
    const rows = judgement.rows.filter(
      ({ window, labels, origin }) => window === name && origin === '' && Object.keys(labels).length === one.spec.dimensions.length,
    );
    const final = rows.filter((row) => row.final);
    const wanted = { results: rows.length, corrections: final.reduce((sum, row) => sum + row.corrections, 0) };
    assert.deepEqual(atOnce(engine.counts())[name], wanted, name);
  }
}
