/** Random pipelines, with limits and times small enough that a few dozen records meet every rule. */
import { fc } from '../support/fast-check.ts';
import { OUTCOMES, type Outcome } from '../../src/core/outcome.ts';
import type { Condition, EngineSpec, LookupSpec, MeasureSpec, SourceSpec, WindowSpec } from '../../src/windows/spec.ts';

/** Values that a dimension takes; some need escapes, one is empty, one is the name of the overflow series. */
export const DIMENSION_VALUES: Readonly<Record<string, readonly string[]>> = {
  country: ['KR', 'US', 'Zürich', '', 'other'],
  format: ['banner', 'a "quoted"\nline', '\u2028', '__proto__'],
  device: ['ios', 'web'],
};
export const KINDS = ['view', 'click', 'buy'] as const;
/** By `ad`, where a source looks its device up; keys of an object's prototype are not in it. */
export const DEVICE_OF_AD: Readonly<Record<string, string>> = { a1: 'ios', a2: 'web', a3: 'ios' };

const WINDOWS: readonly WindowSpec[] = [
  { name: '10s', sizeMs: 10_000, slideMs: 10_000 },
  { name: '30s', sizeMs: 30_000, slideMs: 30_000 },
  { name: '1m', sizeMs: 60_000, slideMs: 60_000 },
  { name: '30s/10s', sizeMs: 30_000, slideMs: 10_000 },
  { name: '20s/5s', sizeMs: 20_000, slideMs: 5_000 },
  // The size is no multiple of the slide: panes are 5 s.
  { name: '25s/10s', sizeMs: 25_000, slideMs: 10_000 },
  // Days that begin elsewhere than at midnight UTC, in small.
  { name: 'local 1m', sizeMs: 60_000, slideMs: 60_000, offsetMs: 20_000 },
  { name: 'local 20s/10s', sizeMs: 20_000, slideMs: 10_000, offsetMs: 4_000 },
];

const conditions: fc.Arbitrary<readonly Condition[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.subarray([...KINDS], { minLength: 1 }).map((anyOf) => [{ field: 'kind', anyOf }]) },
  { weight: 1, arbitrary: fc.constant([{ field: 'paid', anyOf: [true] }]) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      [{ field: 'amount', anyOf: [{ above: 500_000 }, -1] }],
      [{ field: 'latency', anyOf: [{ at_least: 100, below: 3_000 }] }],
    ),
  },
);

const event = fc.record(
  {
    id: fc.constant('id'),
    time: fc.constant('at'),
    timeUnit: fc.constantFrom('iso', 's', 'ms'),
    outOfOrdernessMs: fc.constantFrom(0, 1_000, 5_000),
    allowedLatenessMs: fc.constantFrom(0, 5_000, 20_000),
    dedupMs: fc.constantFrom(0, 3_000, 20_000, 60_000),
    maxAheadMs: fc.constantFrom(20_000, 60_000),
    zoneMs: fc.constantFrom(9 * 3_600_000, -12_600_000),
    wholeIds: fc.constant(true as const),
  },
  { requiredKeys: ['time', 'timeUnit', 'outOfOrdernessMs', 'allowedLatenessMs', 'dedupMs'] },
);

interface SourceChoice {
  readonly partitions: number;
  readonly event: SourceSpec['event'];
  readonly schemas: 'none' | 'one' | 'versions';
  readonly schemaOrder: readonly string[];
  readonly where: boolean;
  readonly lookup: boolean;
}

const SCHEMA_FIELDS = ['id', 'at', 'kind', 'country', 'format', 'amount'] as const;

const sourceChoice: fc.Arbitrary<SourceChoice> = fc.record({
  partitions: fc.integer({ min: 1, max: 3 }),
  event,
  schemas: fc.constantFrom('none', 'none', 'one', 'versions'),
  schemaOrder: fc.shuffledSubarray([...SCHEMA_FIELDS], { minLength: SCHEMA_FIELDS.length }),
  where: fc.boolean(),
  lookup: fc.boolean(),
});

function sourceOf(choice: SourceChoice, index: number): SourceSpec {
  const name = `source${index}`;
  const lookups: LookupSpec[] = choice.lookup ? [{ field: 'device', by: 'ad', file: './device-of-ad.json', table: DEVICE_OF_AD }] : [];
  return {
    name,
    topic: `topic-${index}`,
    partitions: choice.partitions,
    format: 'json',
    ...schemasOf(choice),
    event: choice.event,
    where: choice.where ? [{ field: 'kind', anyOf: ['view', 'click'] }] : [],
    lookups,
  };
}

/** The second version has its fields in another order and takes smaller amounts only. */
function schemasOf(choice: SourceChoice): Pick<SourceSpec, 'schema' | 'versions'> {
  if (choice.schemas === 'none') return {};
  const schema = schemaOf(choice);
  if (choice.schemas === 'one') return { schema };
  const properties = Object.fromEntries(Object.entries(schema['properties'] as object).reverse());
  const second = { ...schema, properties: { ...properties, amount: { type: 'number', minimum: -1_000, maximum: 50 } } };
  const schemas = [schema, second].map((one, index) => ({ version: `${index + 1}`, file: `v${index + 1}.json`, schema: one }));
  return { versions: { field: 'v', schemas } };
}

function schemaOf(choice: SourceChoice): Record<string, unknown> {
  const known: Record<(typeof SCHEMA_FIELDS)[number], unknown> = {
    id: { type: ['string', 'integer'], minLength: 1, maxLength: 64 },
    at: choice.event.timeUnit === 'iso' ? { type: 'string' } : { type: ['number', 'string'] },
    kind: { type: 'string', enum: [...KINDS] },
    country: { type: 'string', enum: DIMENSION_VALUES['country'] },
    format: { type: 'string', maxLength: 40 },
    amount: { type: 'number', minimum: -1_000, maximum: 1_000_000 },
  };
  const properties = Object.fromEntries(choice.schemaOrder.map((name) => [name, known[name as keyof typeof known]]));
  // Amounts are optional: a sum takes the records that have one.
  return { type: 'object', properties, required: choice.schemaOrder.filter((name) => name !== 'amount') };
}

interface MeasureChoice {
  readonly kind: 'count' | 'outcomes' | 'sum' | 'min' | 'max' | 'average' | 'distinct' | 'quantile' | 'heavy_hitters';
  readonly source: number;
  readonly where: readonly Condition[];
  readonly q: number;
  /** Of every source, and not of one. */
  readonly ofAll: boolean;
  readonly outcomes: readonly Outcome[];
  readonly keep: number;
}

const measureChoice: fc.Arbitrary<MeasureChoice> = fc.record({
  kind: fc.constantFrom('count', 'count', 'outcomes', 'sum', 'sum', 'min', 'max', 'average', 'distinct', 'quantile', 'heavy_hitters'),
  source: fc.nat(),
  where: conditions,
  q: fc.constantFrom(0.5, 0.9, 0.99),
  ofAll: fc.boolean(),
  outcomes: fc.subarray([...OUTCOMES], { minLength: 1 }),
  keep: fc.constantFrom(1, 3, 1_024),
});

function measureOf(choice: MeasureChoice, index: number, sources: readonly SourceSpec[]): MeasureSpec {
  const source = (sources[choice.source % sources.length] as SourceSpec).name;
  const base = { name: `m${index}`, source, where: choice.where };
  if (choice.kind === 'outcomes') {
    return { ...base, kind: 'count', source: choice.ofAll ? '' : source, where: [], outcomes: choice.outcomes };
  }
  if (choice.kind === 'count') return { ...base, kind: 'count' };
  if (choice.kind === 'distinct') return { ...base, kind: 'distinct', field: 'user' };
  if (choice.kind === 'heavy_hitters') return { ...base, kind: 'heavy_hitters', field: 'user', keep: choice.keep };
  if (choice.kind === 'quantile') return { ...base, kind: 'quantile', field: 'latency', q: choice.q };
  return { ...base, kind: choice.kind, field: 'amount' };
}

/** Ratios over any counts and sums, of one source or of two. */
function ratiosOf(choices: readonly (readonly [number, number, number])[], measures: readonly MeasureSpec[]): MeasureSpec[] {
  const additive = measures.filter(({ kind }) => kind === 'count' || kind === 'sum').map(({ name }) => name);
  if (additive.length === 0) return [];
  return choices.map(([above, below, scale], index) => ({
    name: `r${index}`,
    kind: 'ratio',
    numerator: additive[above % additive.length] as string,
    denominator: additive[below % additive.length] as string,
    scale,
  }));
}

export const engineSpec: fc.Arbitrary<EngineSpec> = fc
  .record({
    sources: fc.array(sourceChoice, { minLength: 1, maxLength: 3 }),
    dimensions: fc.subarray(Object.keys(DIMENSION_VALUES)),
    measures: fc.array(measureChoice, { minLength: 1, maxLength: 6 }),
    ratios: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom(1, 100, 1000)), { maxLength: 2 }),
    windows: fc.subarray([...WINDOWS], { minLength: 1, maxLength: 3 }),
    rollups: fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 3 }),
    maxSeries: fc.constantFrom(1, 2, 4, 1_000),
    maxIds: fc.constantFrom(undefined, 3, 6),
    maxRecordBytes: fc.constantFrom(600, 1_048_576),
  })
  .map((choice) => {
    const sources = choice.sources.map(sourceOf);
    const plain = choice.measures.map((measure, index) => measureOf(measure, index, sources));
    // Each number names a subset of the dimensions by its bits; the full set is always computed and is no roll-up.
    // What is not accepted counts in the total alone.
    const numbers = plain.some((measure) => measure.kind === 'count' && measure.outcomes) ? [...choice.rollups, 0] : choice.rollups;
    const subsets = numbers.map((bits) => choice.dimensions.filter((_, index) => (bits >> index) & 1));
    const rollups = new Map(subsets.filter((names) => names.length < choice.dimensions.length).map((names) => [names.join(), names]));
    return {
      pipeline: 'random',
      sources,
      dimensions: choice.dimensions,
      measures: [...plain, ...ratiosOf(choice.ratios, plain)],
      windows: choice.windows,
      rollups: [...rollups.values()],
      limits: {
        maxSeries: choice.maxSeries,
        ...(choice.maxIds !== undefined && { maxIds: choice.maxIds }),
        maxRecordBytes: choice.maxRecordBytes,
        retireAfterMs: 86_400_000,
        idleAfterMs: 30_000,
      },
    };
  });
