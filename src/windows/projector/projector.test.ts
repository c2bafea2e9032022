import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { ACCEPTED, INVALID } from '../../core/outcome.ts';
import { packRecords } from '../../log/batch.ts';
import type { RecordBatch } from '../../log/log.ts';
import type { Decoder } from '../decode/columns.ts';
import { createEventCheck } from '../../schemas/event-check.ts';
import { sourceRulesOf } from '../../schemas/rules-of-schema.ts';
import { createDecoder, parseJson } from '../decode/decoder.ts';
import { compilePlan } from '../plan.ts';
import type { Kernel } from './kernel.ts';
import { fastPathOf, openDecoder } from './open-decoder.ts';
import { openKernelMemory } from './kernel-memory.ts';
import { createProjector } from './projector.ts';

const source = smallSource({ event: { dedupMs: 0 } });
const spec = smallSpec({
  sources: [source],
  dimensions: ['page'],
  measures: [{ name: 'top', kind: 'heavy_hitters', source: 'events', where: [], field: 'page', keep: 3 }],
  limits: { maxRecordBytes: 200 },
});
const rules = { rules: { fields: [], closed: false } };

function batchOf(values: readonly string[]): RecordBatch {
  const { keys: _, ...packed } = packRecords(values);
  return { topic: 't', partition: 0, firstOffset: 0, count: values.length, ...packed, appendTimes: new Float64Array(values.length) };
}

/** The projector, and how many records of each batch it handed over. */
function projectorOf(batchesHandedOver?: number): { projector: Decoder; handedOver: number[]; kernel: Kernel; lost(): number } {
  const plan = compilePlan(spec);
  const projection = fastPathOf(plan, source, rules);
  assert.ok(typeof projection !== 'string');
  const behind = createDecoder(plan, source, { parse: parseJson, idKey: [1, 2] });
  const handedOver: number[] = [];
  const reference: Decoder = {
    labelValues: behind.labelValues,
    generation: 0,
    decode(batch) {
      handedOver.push(batch.count);
      return behind.decode(batch);
    },
  };
  const memory = openKernelMemory('ms')!;
  let lost = 0;
  const onKernelLost = (): void => void lost++;
  const deps = { memory, reference, idKey: [1, 2] as const, onKernelLost, ...(batchesHandedOver !== undefined && { batchesHandedOver }) };
  return { projector: createProjector(plan, source, projection, deps), handedOver, kernel: memory.kernel, lost: () => lost };
}

/** Five sixths of what it takes where nothing is given back. */
const MEMORY_MAX = 22 << 20;

test('labels without end are forgotten, by a new generation of codes; each batch says what it means', () => {
  const { projector, handedOver, kernel } = projectorOf();
  const generations = new Set<number>();
  for (let n = 0; n < 230_000; n += 10_000) {
    const pages = Array.from({ length: 10_000 }, (_, k) => `page ${n + k}`);
    const { dimensions, contributions } = projector.decode(batchOf(pages.map((page, k) => `{"id":"${n + k}","at":${k},"page":"${page}"}`)));
    const labels = projector.labelValues[0]!;
    assert.ok(pages.every((page, k) => labels[dimensions[0]![k]!] === page && contributions[0]!.texts![k] === page));
    generations.add(projector.generation);
  }
  assert.deepEqual([...generations], [0, 1]);
  // 100,000 texts in two fields; what was left behind as they doubled has served others.
  assert.ok(kernel.memory.buffer.byteLength < MEMORY_MAX, `${kernel.memory.buffer.byteLength} bytes`);
  assert.deepEqual(handedOver, []);
});

test('where nearly all is doubtful the next batches are handed over whole, and then it is tried again', () => {
  const { projector, handedOver } = projectorOf(2);
  const bad = batchOf(['{"id":1}', '{"id":2}', '{', '{"id":"a","at":1}']);
  const good = batchOf(['{"id":"a","at":1}', '{"id":"b","at":2}']);
  const outcomes = (batch: RecordBatch): number[] => [...projector.decode(batch).outcomes.subarray(0, batch.count)];
  assert.deepEqual(outcomes(batchOf(['{"id":1}', '{"id":"a","at":1}'])), [INVALID, ACCEPTED]);
  assert.deepEqual(outcomes(good), [ACCEPTED, ACCEPTED]);
  for (let k = 0; k < 2; k++) assert.deepEqual(outcomes(batchOf(['[]', '{', '"', '1', '{"id":7}'])).at(-1), INVALID);
  assert.deepEqual(outcomes(good), [ACCEPTED, ACCEPTED]);
  assert.deepEqual(outcomes(good), [ACCEPTED, ACCEPTED]);
  assert.deepEqual(outcomes(bad), [INVALID, INVALID, INVALID, ACCEPTED]);
  assert.deepEqual(handedOver, [1, 5, 5, 2, 3]);
});

test('what is not done over bytes is told', () => {
  const plan = compilePlan(spec);
  const lookups = [{ field: 'page', by: 'key', file: 'f', table: {} }];
  const described = { rules: { fields: [], closed: true } };
  assert.equal(fastPathOf(plan, { ...source, decoder: 'plain' }, rules), 'decoder: plain');
  assert.equal(fastPathOf(plan, { ...source, format: 'combined' }, rules), 'format: combined');
  assert.equal(fastPathOf(plan, source, '/allOf of the schema'), '/allOf of the schema');
  assert.equal(fastPathOf(plan, { ...source, lookups }, described), 'the lookup of page');
  assert.equal(fastPathOf(compilePlan({ ...spec, dimensions: ['__proto__'] }), source, rules), 'a field called __proto__');
  assert.equal(fastPathOf(compilePlan({ ...spec, dimensions: ['\ud800'] }), source, rules), 'a field name that has no UTF-8');
  const measures = Array.from({ length: 31 }, (_, k) => ({
    name: `n${k}`,
    kind: 'count' as const,
    source: 'events',
    where: [{ field: 'page', anyOf: [k] }],
  }));
  assert.equal(fastPathOf(compilePlan({ ...spec, measures }), source, rules), 'more than 30 conditions on page');
});

test('where the kernel gets no more memory in the middle of a batch, the reference reads that batch and all that follow, which is told once', () => {
  const { projector, handedOver, kernel, lost } = projectorOf();
  const values = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `{"id":"i${from + i}","at":${from + i},"page":"p${from + i}"}`);
  projector.decode(batchOf(values(0, 3)));
  assert.deepEqual([handedOver, lost()], [[], 0]);
  for (const size of [1 << 30, 1 << 26, 1 << 22, 1 << 18, 1 << 14, 1 << 10]) {
    assert.throws(() => {
      for (;;) kernel.take(size);
    }, /unreachable/);
  }
  for (const [from, count] of [
    [2, 5_000],
    [5_000, 10_000],
    [1, 2],
  ] as const) {
    const columns = projector.decode(batchOf([...values(from, count), 'none']));
    const pages = Array.from(columns.dimensions[0]!.subarray(0, count), (code) => projector.labelValues[0]![code]);
    assert.deepEqual(
      pages,
      Array.from({ length: count }, (_, i) => `p${from + i}`),
    );
    assert.deepEqual([columns.times[0], columns.outcomes[count - 1], columns.outcomes[count]], [from, ACCEPTED, INVALID]);
    assert.equal(columns.reasons.size, 1);
    assert.equal(lost(), 1);
  }
  assert.deepEqual(handedOver, [5_001, 10_001, 3]);
});

/** What Node gives us; the types that know it come with a browser's. */
interface WebAssemblyLike {
  Instance: new (module: object, imports: object) => { readonly exports: Kernel };
}

test('where the kernel gets no memory to begin with, the reference reads, which is told once', (t) => {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyLike };
  const { Instance } = WebAssembly;
  t.after(() => (WebAssembly.Instance = Instance));
  const shortages: ((module: object, imports: object) => { exports: Kernel })[] = [
    () => {
      throw new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance');
    },
    (module, imports) => {
      const { exports } = new Instance(module, imports);
      for (const size of [1 << 30, 1 << 26, 1 << 22, 1 << 18, 1 << 14, 1 << 10, 1 << 6, 1]) {
        assert.throws(() => {
          for (;;) exports.take(size);
        }, /unreachable/);
      }
      return { exports };
    },
  ];
  for (const shortage of shortages) {
    WebAssembly.Instance = function short(module: object, imports: object) {
      return shortage(module, imports);
    } as unknown as WebAssemblyLike['Instance'];
    let told = 0;
    const decoder = openDecoder(compilePlan(spec), source, { parse: parseJson, idKey: [1, 2], rules, onSlower: () => told++ });
    const { times, outcomes } = decoder.decode(batchOf(['{"id":"a","at":7,"page":"p"}', '{']));
    assert.deepEqual([times[0], outcomes[0], outcomes[1], told], [7, ACCEPTED, INVALID, 1]);
  }
});

/** What becomes of each record: by the plain decoder, and over bytes. */
function verdictsOn(schema: object, records: readonly string[]): unknown[][] {
  const whole = { ...source, schema: { ...schema } };
  const plan = compilePlan({ ...spec, sources: [whole], limits: { ...spec.limits, maxRecordBytes: 1_000_000 } });
  const check = createEventCheck(whole)!.check;
  return (['plain', undefined] as const).map((decoder) => {
    const decoded = { ...whole, ...(decoder && { decoder }) };
    const { outcomes, reasons } = openDecoder(plan, decoded, {
      parse: parseJson,
      check,
      idKey: [1, 2],
      rules: sourceRulesOf(decoded),
    }).decode(batchOf(records));
    return records.map((_, i) => reasons.get(i) ?? outcomes[i]);
  });
}

test('what is nested too deep for the kernel, or for the check by the schema, has one outcome in both decoders', () => {
  const schema = { properties: { price: { $ref: '#/$defs/price' } }, $defs: { price: { type: 'number' } } };
  const lists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const records = [1, 60, 70, 99, 100, 100_000].map((levels) => `{"id":"${levels}","at":1,"price":2,"more":${lists(levels)}}`);
  const [plain, overBytes] = verdictsOn(schema, records);
  assert.deepEqual(plain, [ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, 'too_deep', 'too_deep']);
  assert.deepEqual(overBytes, plain);
});

test('a text on which a regular expression takes more than there is has one outcome in both decoders', () => {
  // Each letter costs it 60 groups: what `(a|b)*` does with 5 MB of text, these do with 160 kB.
  const groups = `(${'()'.repeat(60)}a)*`;
  const records = ['a', 'a'.repeat(160_000)].map((text) => `{"id":"a","at":1,"text":"${text}"}`);
  // As a table, and as what only JavaScript understands.
  for (const pattern of [`^${groups}$`, `^${groups}$(?!b)`]) {
    const [plain, overBytes] = verdictsOn({ properties: { text: { pattern } } }, records);
    assert.deepEqual(plain, [ACCEPTED, 'too_deep']);
    assert.deepEqual(overBytes, plain);
  }
});
