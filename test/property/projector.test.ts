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
import { columnAt, packRecords, splitLines } from '../../src/log/batch.ts';
import type { RecordBatch } from '../../src/log/log.ts';
import { projectorCases, ysbCase, type ProjectorCase } from './projector-cases.ts';
import { createCompared } from './projector-compared.ts';
import { createDocumentMaker } from './projector-documents.ts';

const RECORDS = process.env['SOAK'] === '1' ? 10_000_000 : 200_000;
const SEED = Number(process.env['SEED'] ?? randomInt(1 << 30));
const cases = projectorCases();
// Most of the time would go into the stacks of JSON.parse's errors, which nobody reads.
Error.stackTraceLimit = 0;

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

const shared = new URL('../../../shared/data/', import.meta.url);
const skipped = existsSync(shared) ? false : 'no ../shared/data';

/** The lines of a file, in batches of any length, held against each case; of which share the projector decided itself, by case. */
function sharesDecided(bytes: Uint8Array, against: readonly ProjectorCase[]): number[] {
  const lines = splitLines(bytes, { last: true });
  const records = Array.from(lines.ends, (_, i) => columnAt(lines, i));
  const random = createRandom(SEED);
  return against.map((one) => {
    const compared = createCompared(one, SEED);
    for (let from = 0; from < records.length;) {
      const to = from + 1 + random.below(500);
      compared.compare(batchOf(records.slice(from, to)));
      from = to;
    }
    return compared.told.decided / records.length;
  });
}

test(`a dirty file of ad events: the same as the reference, seed ${SEED}`, { skip: skipped }, () => {
  const bytes = gunzipSync(readFileSync(new URL('adtech-sample/events.ndjson.gz', shared)));
  const [asAdEvents] = sharesDecided(bytes, cases);
  assert.ok(asAdEvents! > 0.8, `only ${asAdEvents} decided over bytes`);
});

test(`events joined with a table: the same as the reference, seed ${SEED}`, { skip: skipped }, () => {
  const table = JSON.parse(readFileSync(new URL('ysb/ad-to-campaign.json', shared), 'utf8')) as Record<string, string>;
  const [share] = sharesDecided(readFileSync(new URL('ysb/events.ndjson', shared)), [ysbCase(table)]);
  assert.equal(share, 1);
});
