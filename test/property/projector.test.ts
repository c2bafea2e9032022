/**
 * The projector says of every record what the reference decoder (JSON.parse and ajv) says: 200,000 records of a grammar, of exotic values
 * and of changed bytes, over every rule and measure (`SOAK=1`: 10 million), and those of real files. `SEED=n` repeats a run.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createRandom, type Random } from '../../src/core/random.ts';
import { packRecords, splitLines } from '../../src/log/batch.ts';
import type { RecordBatch } from '../../src/log/log.ts';
import { projectorCases } from './projector-cases.ts';
import { createCompared } from './projector-compared.ts';
import { createDocumentMaker } from './projector-documents.ts';

const RECORDS = process.env['SOAK'] === '1' ? 10_000_000 : 200_000;
const SEED = Number(process.env['SEED'] ?? randomInt(1 << 30));
const cases = projectorCases();

function batchOf(values: readonly (Uint8Array | null)[]): RecordBatch {
  const { keys: _, ...packed } = packRecords(values);
  return { topic: 't', partition: 0, firstOffset: 0, count: values.length, ...packed, appendTimes: new Float64Array(values.length) };
}

/** Some records; most often they are all UTF-8, as they are in life. */
function someRecords(random: Random, next: () => Uint8Array): (Uint8Array | null)[] {
  return Array.from({ length: 1 + random.below(300) }, () => (random.unit() < 0.005 ? null : next()));
}

for (const [index, one] of cases.entries()) {
  test(`${one.name}: the same verdicts and columns as the reference, seed ${SEED}`, (t) => {
    const random = createRandom(SEED, index);
    const maker = createDocumentMaker(random, one.values);
    const compared = createCompared(one, SEED);
    while (compared.told.records < RECORDS / cases.length) compared.compare(batchOf(someRecords(random, () => maker.next())));
    const { records, decided, outcomes } = compared.told;
    t.diagnostic(`${records} records, ${decided} decided over bytes; outcomes ${outcomes.join(' ')}`);
    // What is compared with itself proves nothing.
    assert.ok(decided > records / 20, `only ${decided} of ${records} decided over bytes`);
  });
}

const samples = ['adtech-sample/events.ndjson.gz'];
for (const sample of samples) {
  const file = new URL(`../../../shared/data/${sample}`, import.meta.url);
  test(
    `${sample}: the same verdicts and columns as the reference`,
    { skip: existsSync(file) ? false : `no ../shared/data/${sample}` },
    () => {
      const { bytes, ends } = splitLines(gunzipSync(readFileSync(file)), { last: true });
      const records = Array.from(ends, (end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
      const random = createRandom(SEED);
      for (const one of cases) {
        const compared = createCompared(one, SEED);
        for (let from = 0; from < records.length;) {
          const to = from + 1 + random.below(500);
          compared.compare(batchOf(records.slice(from, to)));
          from = to;
        }
        if (one.name === 'ad events') assert.ok(compared.told.decided > records.length * 0.8, `only ${compared.told.decided} decided`);
      }
    },
  );
}
