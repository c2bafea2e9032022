/** What the kernel makes of single values, held against what JavaScript makes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { ACCEPTED } from '../../core/outcome.ts';
import { packRecords } from '../../log/batch.ts';
import type { Columns, Decoder } from '../decode/columns.ts';
import { createDecoder, parseJson } from '../decode/decoder.ts';
import { parseEventTime } from '../decode/event-time.ts';
import { createIdHasher, type IdKey } from '../ids/hash.ts';
import { compilePlan } from '../plan.ts';
import { openKernelMemory } from './kernel-memory.ts';
import { fastPathOf } from './open-decoder.ts';
import { createProjector } from './projector.ts';

const iso = smallSource({ event: { timeUnit: 'iso', dedupMs: 0 } });
const spec = smallSpec({
  dimensions: ['page'],
  measures: [{ name: 'sum', kind: 'sum', source: 'events', where: [], field: 'n' }],
  limits: { maxRecordBytes: 100_000 },
});

/** Reads single records; those that the kernel is not sure of are told by `doubts`. */
function readerOf(idKey: IdKey, source = iso): { read(record: string): Columns; labels: Decoder['labelValues']; doubts(): number } {
  const plan = compilePlan({ ...spec, sources: [source] });
  const projection = fastPathOf(plan, source, { rules: { fields: [], closed: false } });
  const memory = openKernelMemory(source.event.timeUnit);
  assert.ok(typeof projection !== 'string' && memory !== undefined);
  const behind = createDecoder(plan, source, { parse: parseJson, idKey });
  let doubts = 0;
  const reference: Decoder = {
    labelValues: behind.labelValues,
    generation: 0,
    decode(batch) {
      doubts += batch.count;
      return behind.decode(batch);
    },
  };
  const projector = createProjector(plan, source, projection, { memory, reference, idKey, batchesHandedOver: 0 });
  const read = (record: string): Columns => {
    const { keys: _, ...packed } = packRecords([record]);
    return projector.decode({ topic: 't', partition: 0, firstOffset: 0, count: 1, ...packed, appendTimes: new Float64Array(1) });
  };
  return { read, labels: projector.labelValues, doubts: () => doubts };
}

const plain = (text: string): boolean => !/["\\]/.test(text) && [...text].every((character) => character >= ' ');
const texts = fc
  .oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 38 }),
    // Alike but in the middle.
    fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 20 }).map((middle) => `/products/${middle}/reviews`),
  )
  .map((text) => text.toWellFormed())
  .filter(plain);
const at = '"at":"2026-03-02T09:48:17.250Z"';

test('the hash of bytes is that of the text whose UTF-8 they are', () => {
  fc.assert(
    fc.property(texts, fc.nat(), fc.nat(), (text, k0, k1) => {
      const { read, doubts } = readerOf([k0, k1]);
      const { low, high } = read(`{"id":"${text}",${at}}`).ids!;
      const expected = createIdHasher([k0, k1]).hash(text);
      assert.deepEqual([low[0], high[0], doubts()], [expected.low, expected.high, 0]);
    }),
  );
});

test('every label has a code of its own, the same each time, however many there are', () => {
  fc.assert(
    fc.property(fc.uniqueArray(texts, { maxLength: 150, size: 'max' }), fc.nat(), (all, seed) => {
      const { read, labels, doubts } = readerOf([seed, 3]);
      for (let round = 0; round < 2; round++) {
        for (const [code, page] of all.entries()) {
          assert.equal(read(`{"page":"${page}","id":"x",${at}}`).dimensions[0]![0], code);
        }
      }
      assert.deepEqual([labels[0], doubts()], [all, 0]);
    }),
    { numRuns: 30 },
  );
});

test('numbers are read as JSON.parse reads them, and what it refuses is none', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 });
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc
      .tuple(fc.constantFrom('', '-'), digits, fc.constantFrom('', '.'), digits, fc.constantFrom('', 'e', 'E-', 'e+'), fc.nat(400))
      .map((parts) => parts.slice(0, parts[4] === '' ? 4 : 6).join('')),
    fc.string({ unit: fc.constantFrom(...'0019.-+eE'), maxLength: 6 }),
  );
  const { read, doubts } = readerOf([1, 2]);
  fc.assert(
    fc.property(numbers, (text) => {
      const before = doubts();
      const { outcomes, contributions } = read(`{"id":"x",${at},"n":${text}}`);
      let expected: number | undefined;
      try {
        expected = JSON.parse(text) as number;
      } catch {
        // None.
      }
      if (expected === undefined) assert.notEqual(outcomes[0], ACCEPTED, text);
      else if (Number.isFinite(expected)) assert.deepEqual([contributions[0]!.values[0], doubts() - before], [expected + 0, 0], text);
    }),
    { numRuns: 3_000 },
  );
});

test('times of the common form are read from bytes as from texts; of other forms there is none', () => {
  const two = fc.integer({ min: 0, max: 62 }).map((n) => String(n).padStart(2, '0'));
  const fraction = fc.oneof(
    fc.constant(''),
    fc.constant('.250'),
    fc.string({ unit: fc.constantFrom(...'059'), maxLength: 11 }).map((one) => `.${one}`),
  );
  const times = fc
    .tuple(
      fc.constantFrom('1969', '1970', '2024', '2026', '9999', '202é'),
      two,
      two,
      fc.constantFrom('T', 't', ' '),
      two,
      two,
      two,
      fraction,
    )
    .map(
      ([year, month, day, separator, hour, minute, second, rest]) =>
        `${year}-${month}-${day}${separator}${hour}:${minute}:${second}${rest}`,
    );
  const real = fc
    .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, -1));
  const zones = [undefined, 9 * 3_600_000, -12_600_000];
  const readers = zones.map((zoneMs) => readerOf([1, 2], { ...iso, event: { ...iso.event, ...(zoneMs !== undefined && { zoneMs }) } }));
  fc.assert(
    fc.property(fc.oneof(times, real), fc.constantFrom('Z', 'z', '', '+00:00'), fc.nat({ max: 2 }), (local, zone, which) => {
      const { read, doubts } = readers[which]!;
      const before = doubts();
      const { outcomes, times: found } = read(`{"id":"x","at":"${local}${zone}"}`);
      const expected = parseEventTime(`${local}${zone}`, 'iso', zones[which]);
      assert.equal(outcomes[0] === ACCEPTED, !Number.isNaN(expected), local);
      if (outcomes[0] !== ACCEPTED) return;
      assert.equal(found[0], expected, local);
      const isCommon = (zone === 'Z' && local[10] === 'T') || (zone === '' && local[10] !== 't');
      if (isCommon) assert.equal(doubts(), before, local);
    }),
    { numRuns: 4_000 },
  );
});

test('records longer than what is brought to the kernel at a time are read too', () => {
  const { read, doubts } = readerOf([1, 2]);
  const long = 'x'.repeat(90_000);
  assert.equal(read(`{"id":"x","long":"${long}",${at},"n":7}`).contributions[0]!.values[0], 7);
  assert.equal(read(`{"id":"${long}",${at},"n":8}`).contributions[0]!.values[0], 8);
  assert.equal(doubts(), 0);
});
