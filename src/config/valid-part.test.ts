import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipelineSchema } from './pipeline-schema.ts';
import { createProblems } from './problem.ts';
import { resolvePipeline } from './resolve.ts';
import { validPart } from './valid-part.ts';
import { parseYaml } from './yaml-text.ts';
import { checkWith } from './zod-problems.ts';

const folder = fileURLToPath(new URL('../../pipelines/', import.meta.url));
type Tree = Record<string, unknown>;

function* paths(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) {
    yield [...path, key];
    yield* paths((value as Tree)[key], [...path, key]);
  }
}

function isRight(value: unknown): boolean {
  const checked = checkWith(pipelineSchema, value);
  const problems = createProblems();
  if (checked.ok) resolvePipeline(checked.value, folder, problems);
  return checked.ok && problems.list.length === 0;
}

/** Faults that the schema sees, put at the path. */
const FAULTS: Readonly<Record<string, (holder: Tree, key: string | number) => void>> = {
  gone: (holder, key) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  },
  'of another type': (holder, key) => void (holder[key] = true),
  'with a typo': (holder, key) => {
    if (Array.isArray(holder)) return;
    holder[`${key}x`] = holder[key];
    delete holder[key];
  },
  'under a name of its own': (holder, key) => {
    if (Array.isArray(holder)) return;
    holder['qqqq'] = holder[key];
    delete holder[key];
  },
  'of other things': (holder, key) => {
    if ('pipeline' in holder) holder[key] = { qqqq: 7 };
  },
  'under no name': (holder, key) => {
    if (Array.isArray(holder)) holder[Number(key)] = '-?-';
    else {
      holder[`-${key}?-`] = holder[key];
      delete holder[key];
    }
  },
};

const SEVERAL_SOURCES = `
pipeline: shop
sources:
  orders: { topic: orders, event: { id: id, time: at, dedup: 10m }, where: { status: [paid, failed] } }
  clicks: { topic: clicks, partitions: 2, event: { time: at } }
dimensions: [country, device]
measures:
  orders: { count: orders, where: { status: paid } }
  clicks: { count: clicks }
  revenue: { sum: orders.amount, unit: EUR }
  conversion: { ratio: [orders, clicks] }
  lost: { outcome: late }
windows: [1m, { size: 10m, slide: 1m }]
rollups: [[country], []]
detect: { revenue: { down: 50% }, conversion: { detector: threshold, below: 0.1, window: 10m/1m } }
receivers: { console: { type: console } }
serve: [{ path: "/shop/{country}/{device}", window: 1m }, { path: "/country/{country}", window: 10m/1m }]
topics: { windows: shop-windows }
`;

for (const name of ['access-log', 'adtech', 'several sources']) {
  test(`${name}: what follows from a part that is wrong by itself is not told beside it, wherever that is`, () => {
    const text = name === 'several sources' ? SEVERAL_SOURCES : readFileSync(`${folder}${name}.yml`, 'utf8');
    const { value } = parseYaml(text, name);
    assert.ok(isRight(value), 'the file itself has no fault');
    let checked = 0;
    for (const path of paths(value)) {
      for (const [fault, put] of Object.entries(FAULTS)) {
        const wrong = structuredClone(value);
        put(
          path.slice(0, -1).reduce<Tree>((tree, step) => tree[step] as Tree, wrong as Tree),
          path.at(-1)!,
        );
        const schema = checkWith(pipelineSchema, wrong);
        if (schema.ok) continue;
        const rest = validPart(wrong, schema.problems);
        assert.ok(rest, `${path.join('.')} ${fault}: the rest is of no use`);
        const problems = createProblems();
        resolvePipeline(rest.block, folder, problems);
        const told = problems.list.filter((problem) => !rest.mayFollow(problem));
        assert.deepEqual(told, [], `${path.join('.')} ${fault}`);
        checked++;
      }
    }
    assert.ok(checked > 50, String(checked));
  });
}

test('what stands in several places is taken out of one; what no file can hold is a fault like others', () => {
  const shared = { count: 'events', unit: 7 };
  const measures = { orders: { count: 'events' }, visits: shared, views: shared };
  const value = { pipeline: 'shop', source: { topic: 't' }, event: { time: 'at' }, measures, windows: ['1m'], colour: () => 'red' };
  const checked = checkWith(pipelineSchema, value);
  assert.ok(!checked.ok);
  const rest = validPart(
    value,
    checked.problems.filter(({ path }) => path[1] !== 'views'),
  );
  assert.deepEqual(rest?.block.measures, { orders: { count: 'events' }, visits: { count: 'events' }, views: { count: 'events' } });
  assert.equal(shared.unit, 7);
});

test('what holds itself is a fault like others', () => {
  const { value } = parseYaml(
    'pipeline: p\nsource: { topic: t }\nevent: { time: at }\nmeasures: {}\nwindows: [1m]\ncolour: &a [*a]\n',
    'p',
  );
  const checked = checkWith(pipelineSchema, value);
  assert.ok(!checked.ok);
  assert.deepEqual(validPart(value, checked.problems)?.block.windows, ['1m']);
});
