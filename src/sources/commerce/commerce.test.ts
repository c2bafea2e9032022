import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import type { Clock } from '../../core/clock.ts';
import { createEventCheck } from '../../schemas/event-check.ts';
import type { SourceChunk } from '../source.ts';
import { commerceConfig, type CommerceStream } from './config.ts';
import { createCommerceGenerator, type Arrival } from './generator.ts';
import { openCommerce } from './source.ts';

const START = Date.UTC(2026, 2, 2, 9);
const FAULTS = { duplicates: 0.05, delayed: 0.05, late: 0.05, future: 0.05, broken: 0.1, v3: 0.05, null_coupons: 0.2 };
const read = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../../pipelines/schemas/commerce/${name}`, import.meta.url), 'utf8')) as Record<string, unknown>;

function arrivals(stream: CommerceStream, settings: object = {}, forMs = 120_000): Arrival[] {
  const config = commerceConfig.parse({ stream, rate: 8, seed: 3, ...settings });
  return createCommerceGenerator(config, { originMs: START }).arrivals(START, START + forMs);
}

const fieldsOf = (text: string): Record<string, string> => JSON.parse(text) as Record<string, string>;

test('however a time is cut into ranges, the same events come in the same order; also after going back', () => {
  const whole = arrivals('orders', FAULTS, 30_000);
  assert.ok(whole.length > 20);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 6 }), (cuts) => {
      const config = commerceConfig.parse({ stream: 'orders', rate: 8, seed: 3, ...FAULTS });
      const generator = createCommerceGenerator(config, { originMs: START });
      const edges = [0, ...cuts.sort((a, b) => a - b), 30_000];
      const once = edges.slice(1).flatMap((to, i) => generator.arrivals(START + edges[i]!, START + to));
      assert.deepEqual(once, whole);
      assert.deepEqual(generator.arrivals(START, START + 30_000), whole);
      // As another process goes on with it.
      const other = createCommerceGenerator(config, { originMs: START }).arrivals(START + (cuts[0] ?? 0), START + 30_000);
      assert.deepEqual(
        other,
        whole.filter(({ at }) => at >= START + (cuts[0] ?? 0)),
      );
    }),
    { numRuns: 20 },
  );
});

for (const [stream, kind] of [
  ['clicks', 'click'],
  ['orders', 'order'],
] as const) {
  test(`${stream}: by the schemas that come along, exactly those are invalid that are said to be, for that reason`, () => {
    const schemas = ['v1', 'v2'].map((version) => ({ version, file: version, schema: read(`${kind}.${version}.json`) }));
    const check = createEventCheck({ versions: { field: 'schema_version', schemas } })!.check;
    const judged = (text: string): string | undefined => {
      try {
        return check(JSON.parse(text));
      } catch {
        return 'bad_json';
      }
    };
    const all = arrivals(stream, { ...FAULTS, rate: 30 });
    for (const { text, expected, reason, at } of all) {
      assert.equal(judged(text), reason === 'future' ? undefined : reason, text);
      assert.equal(expected === 'invalid', reason !== undefined);
      if (reason !== undefined && reason !== 'future') continue;
      const delay = at - Date.parse(fieldsOf(text)['event_time']!);
      const [least, most] = reason === 'future' ? [-1_200_000, -599_000] : expected === 'late' ? [240_000, 721_000] : [0, 91_000];
      assert.ok(delay >= least && delay <= most, `${expected} ${reason}: ${delay} ms`);
    }
    const kinds = new Set(all.map(({ expected, reason }) => reason ?? expected));
    for (const each of ['accepted', 'duplicate', 'late', 'future', 'schema_version', 'bad_json', 'missing:country']) {
      assert.ok(kinds.has(each), each);
    }
  });
}

test('orders belong to sessions that clicks tell of, with carts before them and refunds after them', () => {
  const clicks = arrivals('clicks').map(({ text }) => fieldsOf(text));
  const orders = arrivals('orders').map(({ text }) => fieldsOf(text));
  const steps = new Map<string, Set<string>>();
  for (const { session_id: id, event_type: type } of clicks) steps.set(id!, (steps.get(id!) ?? new Set()).add(type!));
  const placed = orders.filter(({ event_type: type, event_time: time }) => type === 'order' && Date.parse(time!) > START + 100_000);
  assert.ok(placed.length > 10);
  for (const { session_id: id } of placed) assert.ok(steps.get(id!)?.has('add_to_cart') && steps.get(id!)?.has('checkout'), id);
  const refunds = orders.filter(({ event_type: type }) => type === 'refund');
  assert.ok(refunds.length > 0);
  const times = new Map(orders.map((order) => [`${order['event_type']} ${order['order_id']}`, order] as const));
  for (const refund of refunds) {
    const order = times.get(`order ${refund['order_id']}`);
    if (!order) continue;
    assert.deepEqual([refund['amount'], refund['session_id']], [order['amount'], order['session_id']]);
    assert.ok(refund['event_time']! > order['event_time']!);
  }
});

test('a break changes prices, purchases and what is broken, there and then only', () => {
  const breaks = [
    { after: '30s', for: '60s', country: 'US', price: 0.01 },
    { after: '30s', for: '60s', country: 'KR', purchases: 0 },
    { after: '90s', for: '20s', broken: 0.5 },
  ];
  const before = arrivals('orders', { rate: 40 });
  const after = arrivals('orders', { rate: 40, breaks });
  const amounts = (all: readonly Arrival[], country: string, from: number, to: number) =>
    all
      .filter(({ at, expected }) => expected === 'accepted' && at >= START + from && at < START + to)
      .map(({ text }) => fieldsOf(text) as unknown as { country: string; event_type: string; amount: number })
      .filter((each) => each.country === country && each.event_type === 'order')
      .map(({ amount }) => amount);
  assert.deepEqual(amounts(after, 'US', 0, 28_000), amounts(before, 'US', 0, 28_000));
  assert.ok(Math.max(...amounts(after, 'US', 31_000, 85_000)) < 5);
  assert.ok(Math.min(...amounts(before, 'US', 31_000, 85_000)) > 5);
  // The cart is filled a while before the order comes.
  assert.deepEqual(amounts(after, 'KR', 50_000, 85_000), []);
  assert.deepEqual(amounts(after, 'JP', 0, 85_000), amounts(before, 'JP', 0, 85_000));
  const shareBroken = (from: number, to: number) => {
    const there = after.filter(({ at }) => at >= START + from && at < START + to);
    return there.filter(({ reason }) => reason !== undefined).length / there.length;
  };
  assert.equal(shareBroken(0, 90_000), 0);
  assert.ok(Math.abs(shareBroken(90_000, 110_000) - 0.5) < 0.15);
});

test('as a source it ends at its start with `once`, and goes on where it was stopped', async () => {
  let now = START + 500;
  const clock: Clock = { now: () => now, elapsed: () => now };
  const config = commerceConfig.parse({ stream: 'clicks', rate: 20 });
  const all = async (resume?: unknown) => {
    const chunks: SourceChunk[] = [];
    for await (const chunk of openCommerce(config, { clock, once: true, ...(resume !== undefined && { resume }) })) chunks.push(chunk);
    return { texts: chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join(''), resume: chunks.at(-1)?.resume };
  };
  assert.deepEqual(await all(), { texts: '', resume: undefined });
  const position = { origin: START, until: START + 500 };
  now = START + 20_000;
  const whole = await all(position);
  now = START + 7_000;
  const first = await all(position);
  now = START + 20_000;
  const second = await all(first.resume);
  assert.equal(first.texts + second.texts, whole.texts);
  assert.ok(whole.texts.length > 1_000);
  await assert.rejects(() => all({ origin: 'x' }), { code: 'data_format' });
});
