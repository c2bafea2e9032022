import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSpec } from '../../test/support/small-spec.ts';
import type { Decoder } from './decode/columns.ts';
import { LIMIT_QUIET_MS, limitNews, type LimitSpan } from './limit-episodes.ts';
import { createPartition } from './partition.ts';
import { compilePlan } from './plan.ts';

const HOUR = LIMIT_QUIET_MS;
const plan = compilePlan(smallSpec({ dimensions: ['country'], limits: { maxSeries: 1 } }));
type Event = readonly [label: string, time: number];

/** What is told, event by event, of the segments of an owner that has no state; `told`: what a former one told last. */
function toldOf(events: readonly Event[], told: LimitSpan): readonly LimitSpan[] {
  const labels: string[] = [];
  const codeOf = (label: string): number => (labels.includes(label) ? labels.indexOf(label) : labels.push(label) - 1);
  const decoder: Decoder = {
    labelValues: [labels],
    generation: 0,
    decode: ({ firstOffset }) => ({
      count: 1,
      outcomes: Uint8Array.of(0),
      reasons: new Map(),
      times: Float64Array.of(events[firstOffset]![1]),
      ids: undefined,
      dimensions: [Int32Array.of(codeOf(events[firstOffset]![0]))],
      contributions: [],
    }),
  };
  const partition = createPartition(plan, plan.spec.sources[0]!, decoder);
  const all = [told];
  for (const firstOffset of events.keys()) {
    partition.process(
      {
        topic: 't',
        partition: 0,
        firstOffset,
        count: 1,
        bytes: new Uint8Array(0),
        ends: Uint32Array.of(0),
        appendTimes: Float64Array.of(0),
      },
      'event',
    );
    const view = { from: partition.firstTime!, watermark: partition.watermark, quietMs: HOUR };
    all.push(...limitNews(partition.limits().series, all.at(-1), view));
  }
  return all.slice(1);
}

test('an owner without state whose first events are hours late goes on with the episode that was told', () => {
  const told = { since: 5 * HOUR };
  const now: readonly Event[] = [
    ['kr', 20 * HOUR],
    ['us', 20 * HOUR + 1],
    ['jp', 20 * HOUR + 2],
  ];
  assert.deepEqual(toldOf(now, told), []);
  assert.deepEqual(toldOf([['kr', 4 * HOUR], ...now], told), []);
  assert.deepEqual(toldOf([['kr', 4 * HOUR], ['kr', 4 * HOUR + 9], ['kr', 12 * HOUR], ...now], told), []);
  // It ends as it would have, with nothing beyond the limit for an hour of its view.
  const within: readonly Event[] = [
    ['kr', 4 * HOUR],
    ['kr', 20 * HOUR],
    ['kr', 20.5 * HOUR],
    ['kr', 21.2 * HOUR],
  ];
  const over = { since: 5 * HOUR, endedAt: 21 * HOUR };
  assert.deepEqual(toldOf(within, told), [over]);
  // Later on a silence is a silence.
  assert.deepEqual(toldOf([...within, ['us', 30 * HOUR]], told), [over, { since: 30 * HOUR }]);
});

test('it ends when places are given back, and begins anew when there are too many again', () => {
  const events: readonly Event[] = [
    ['kr', HOUR],
    ['us', 2 * HOUR],
    ['us', 40 * HOUR],
    ['us', 44 * HOUR],
  ];
  const over = { since: 2 * HOUR, endedAt: 3 * HOUR };
  assert.deepEqual(toldOf(events, { since: 2 * HOUR }), [over]);
  assert.deepEqual(toldOf([...events, ['kr', 45 * HOUR]], { since: 2 * HOUR }), [over, { since: 45 * HOUR }]);
});
