/** One absurd amount says nothing of any other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { DetectorContext, SeriesInput } from '../detector.ts';
import { evidenceConfig } from './config.ts';
import { evidence } from './evidence.ts';

const MINUTE = 60_000;
const DAY = 1_440;
const SHOPS = Array.from({ length: 12 }, (_, index) => `shop${index}`);

const sum: DetectorContext = {
  measure: { kind: 'sum', name: 'revenue', source: 'events', where: [], field: 'amount' },
  window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
  adds: 'amounts',
  budget: { falseAlarmsPerDay: 1, tests: 2 },
  groupings: [['shop'], []],
};
const perOrder: DetectorContext = {
  ...sum,
  measure: { kind: 'ratio', name: 'basket', numerator: 'revenue', denominator: 'orders', scale: 1 },
};

/** Bells of shops by minute, where a shop that opens at `opens` begins with `first`, and shop5 falls to a tenth after a day. `isAlone`: nothing follows it. */
function bellsOf(context: DetectorContext, first: number, opens: number, isAlone: boolean): string[] {
  const detector = evidence.create(evidenceConfig.parse({ down: '50%', up: '100%' }), context);
  const { stateForm } = detector;
  const random = createRandom(4, 9);
  const states = new Map<string, unknown>();
  const on = new Set<string>();
  const bells: string[] = [];
  let shared: unknown;
  for (let minute = 0; minute < DAY + 20; minute++) {
    const shops = minute < opens ? SHOPS : ['absurd', ...SHOPS];
    const rows = shops.map((shop) => {
      const exposure = random.poisson(100);
      let amount = 0;
      for (let left = exposure; left > 0; left--) amount += Math.exp(random.normal() - 0.5);
      if (shop === 'shop5' && minute >= DAY) amount /= 10;
      if (shop === 'absurd' && minute > opens && isAlone) amount = 0;
      if (shop === 'absurd' && minute === opens) amount = first;
      return { labels: { shop }, amount, exposure };
    });
    const total = rows.reduce((all, row) => ({ ...all, amount: all.amount + row.amount, exposure: all.exposure + row.exposure }), {
      labels: {},
      amount: 0,
      exposure: 0,
    });
    const inputs = [total, ...rows].map(({ labels, amount, exposure }): SeriesInput<unknown> => {
      const parts = { amount, exposure: context === sum ? 1 : exposure };
      const time = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
      const observation = { ...time, labels, value: amount / parts.exposure, volume: exposure, absent: false, parts };
      return { state: states.get(JSON.stringify(labels)), observation };
    });
    const result = detector.observeWindow(inputs, shared);
    shared = JSON.parse(JSON.stringify(result.shared));
    for (const [i, { state, verdicts }] of result.steps.entries()) {
      const name = JSON.stringify(inputs[i]!.observation.labels);
      states.set(name, stateForm!.decode(stateForm!.encode(state), detector.stateVersion));
      for (const { direction, status } of verdicts) {
        if (status !== 'firing') on.delete(name + direction);
        else if (!on.has(name + direction)) {
          on.add(name + direction);
          bells.push(`${Object.values(inputs[i]!.observation.labels).join()} ${direction} ${minute}`);
        }
      }
    }
  }
  assert.ok(!JSON.stringify(shared).includes('null,') && !JSON.stringify(shared).includes('null]'), JSON.stringify(shared));
  return bells.filter((bell) => !bell.startsWith('absurd'));
}

for (const [name, context] of Object.entries({ sum, perOrder })) {
  for (const first of [1e300, -1e300, 1e39, 1e20]) {
    for (const opens of [0, 120]) {
      test(`${name}: a series that begins with ${first} at minute ${opens} silences none of the others, and rings nothing but itself`, () => {
        const bells = bellsOf(context, first, opens, false);
        assert.ok(bells.length > 0 && bells.length < 3, bells.join(', '));
        assert.match(bells[0]!, /^shop5 down 14[45]/);
      });
    }
  }
}

for (const [what, context] of [
  ['sum', sum],
  ['rate', perOrder],
] as const) {
  test(`an absurd amount that nothing follows silences no other ${what}`, () => {
    for (const opens of [0, 120]) {
      const bells = bellsOf(context, 1e300, opens, true).filter((bell) => bell.startsWith('shop'));
      assert.equal(bells.length, 1, bells.join(', '));
      assert.match(bells[0]!, /^shop5 down 14[45]/);
    }
  });
}
