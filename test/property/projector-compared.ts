/** The projector and the reference side by side on the same batches: every verdict, reason and column must be the same, to the bit. */
import assert from 'node:assert/strict';
import { ACCEPTED, OUTCOMES } from '../../src/core/outcome.ts';
import { recordAt } from '../../src/log/batch.ts';
import type { RecordBatch } from '../../src/log/log.ts';
import { createEventCheck } from '../../src/schemas/event-check.ts';
import { sourceRulesOf } from '../../src/schemas/rules-of-schema.ts';
import type { Columns, Decoder } from '../../src/windows/decode/columns.ts';
import { createDecoder, parseJson } from '../../src/windows/decode/decoder.ts';
import { fastPathOf } from '../../src/windows/projector/open-decoder.ts';
import { openKernelMemory } from '../../src/windows/projector/kernel-memory.ts';
import { createProjector } from '../../src/windows/projector/projector.ts';
import type { ProjectorCase } from './projector-cases.ts';

export interface Compared {
  compare(batch: RecordBatch): void;
  /** Records compared, those that the projector decided by itself, and what became of them. */
  readonly told: { records: number; decided: number; outcomes: number[] };
}

export function createCompared({ name, plan, source }: Omit<ProjectorCase, 'values'>, seed: number): Compared {
  const check = createEventCheck(source)?.check;
  const idKey = [seed, 7] as const;
  const deps = { parse: parseJson, idKey, ...(check && { check }) };
  const projection = fastPathOf(plan, source, sourceRulesOf(source));
  assert.ok(typeof projection !== 'string', `${name} is not read over bytes: ${String(projection)}`);
  const reference = createDecoder(plan, source, deps);
  const behind = createDecoder(plan, source, deps);
  const told = { records: 0, decided: 0, outcomes: OUTCOMES.map(() => 0) };
  const counting: Decoder = {
    labelValues: behind.labelValues,
    get generation() {
      return behind.generation;
    },
    decode(batch) {
      told.decided -= batch.count;
      return behind.decode(batch);
    },
  };
  const memory = openKernelMemory(source.event.timeUnit)!;
  const projector = createProjector(plan, source, projection, { memory, reference: counting, idKey, batchesHandedOver: 0 });

  /** Everything that the columns say of record `i`. */
  function said(columns: Columns, labels: Decoder['labelValues'], i: number): unknown[] {
    const outcome = columns.outcomes[i]!;
    if (outcome !== ACCEPTED) return [OUTCOMES[outcome], columns.reasons.get(i)];
    return [
      columns.reasons.get(i),
      columns.times[i],
      columns.ids?.low[i],
      columns.ids?.high[i],
      ...columns.dimensions.map((codes, d) => labels[d]![codes[i]!]),
      ...columns.contributions.flatMap(({ column, values, hashes, texts }) => {
        const value = values[i]!;
        return Number.isNaN(value) ? [column, value] : [column, value, hashes?.low[i], hashes?.high[i], texts?.[i]];
      }),
    ];
  }

  return {
    told,
    compare(batch) {
      told.records += batch.count;
      told.decided += batch.count;
      const expected = reference.decode(batch);
      const found = projector.decode(batch);
      assert.equal(found.count, batch.count);
      for (let i = 0; i < batch.count; i++) {
        told.outcomes[expected.outcomes[i]!]!++;
        const right = said(expected, reference.labelValues, i);
        const ours = said(found, projector.labelValues, i);
        if (right.length === ours.length && right.every((value, k) => Object.is(value, ours[k]))) continue;
        const record = Buffer.from(recordAt(batch, i));
        assert.deepEqual(ours, right, `${name}, seed ${seed}: ${JSON.stringify(record.toString())} (${record.toString('base64')})`);
      }
    },
  };
}
