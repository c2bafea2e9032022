import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPipeline } from '../../config/load-pipeline.ts';
import { createRandom } from '../../core/random.ts';
import type { WriteUnit } from '../control/frame.ts';
import { detectionOf } from './detection.ts';
import { isCrowded, planMs, planOf } from './plan.ts';
import { extraTraffic, SCENARIO_NAMES, scenarios, type ScenarioName } from './scenarios.ts';
import { sendPlan } from './send.ts';
import { findSegment } from './target.ts';

const pipeline = (name: string) => loadPipeline(new URL(`../../../pipelines/${name}.yml`, import.meta.url).pathname);
const segment = findSegment('us/BANNER');
const LIVE = { impressions: 100, clicks: 6 };

test('the traffic beside a segment’s own makes its value what was chosen', () => {
  const after = (name: ScenarioName, strength: number) => {
    const extra = extraTraffic(name, strength, LIVE);
    const impressions = LIVE.impressions + extra.impressions;
    return {
      impressions: impressions / LIVE.impressions,
      ctr: (LIVE.clicks + extra.clicks) / impressions / 0.06,
      ecpm: (LIVE.impressions + extra.impressions * extra.revenue) / impressions,
    };
  };
  const near = (got: number, expected: number): void => assert.ok(Math.abs(got - expected) < 1e-9, `${got} for ${expected}`);
  near(after('ctr-drop', 0.4).ctr, 0.4);
  near(after('ctr-drop', 0.4).ecpm, 1);
  near(after('ctr-spike', 3).ctr, 3);
  near(after('ctr-spike', 3).impressions, 1);
  near(after('traffic-spike', 5).impressions, 5);
  near(after('traffic-spike', 5).ctr, 1);
  near(after('revenue-drop', 0.4).ecpm, 0.4);
  near(after('revenue-drop', 0.4).ctr, 1);
});

test('a segment without traffic gets 1,000 impressions with 50 clicks, then 1,000 with 20, and what closes the windows', () => {
  const config = pipeline('adtech');
  const choice = { scenario: scenarios['ctr-drop'], segment, strength: 0.4 };
  const { phases, isLive } = planOf(choice, { impressions: 0, clicks: 0 }, detectionOf(config, 'ctr_drop'), 5_000);
  assert.equal(isLive, false);
  const perWindow = phases.map(({ name, ms, mix }) => [name, ms / 60_000, Math.round(mix.impressions * 60), Math.round(mix.clicks * 60)]);
  assert.deepEqual(perWindow, [
    ['normal', 12, 1_000, 50],
    ['break', 2, 1_000, 20],
    ['after', 1.1, 1_000, 50],
  ]);
});

test('a segment with enough traffic of its own is broken at once, for two windows or as long as was chosen', () => {
  const detection = detectionOf(pipeline('demo'), 'traffic_spike');
  assert.deepEqual(detection, { isWatched: true, windowName: '10s', windowMs: 10_000, slideMs: 10_000, warmUp: 6, minVolume: 300 });
  const choice = { scenario: scenarios['traffic-spike'], segment, strength: 2 };
  assert.equal(planMs(planOf(choice, LIVE, detection, 3_000)), 20_000);
  assert.equal(planMs(planOf({ ...choice, forMs: 5_000 }, LIVE, detection, 3_000)), 5_000);
  assert.equal(planOf(choice, { impressions: 29, clicks: 1 }, detection, 3_000).isLive, false);
});

test('what adds impressions to live traffic says so; where all of the traffic is its own, nothing is added', () => {
  const detection = detectionOf(pipeline('demo'), 'traffic_spike');
  const crowded = (name: ScenarioName, live: typeof LIVE): boolean =>
    isCrowded(planOf({ scenario: scenarios[name], segment, strength: scenarios[name].strength }, live, detection, 0));
  assert.deepEqual(
    SCENARIO_NAMES.map((name) => crowded(name, LIVE)),
    [true, false, false, true],
  );
  assert.ok(!SCENARIO_NAMES.some((name) => crowded(name, { impressions: 0, clicks: 0 })));
});

test('what no detector raises is known', () => {
  assert.equal(detectionOf(pipeline('demo'), 'ctr_drop').isWatched, true);
  assert.equal(detectionOf(pipeline('access-log'), 'ctr_drop').isWatched, false);
});

test('all scenarios have a segment of their own', () => {
  assert.equal(new Set(SCENARIO_NAMES.map((name) => findSegment(scenarios[name].segment))).size, 4);
  assert.throws(() => findSegment('US/baner'), { code: 'usage', message: /did you mean "US\/banner"/ });
});

test('events are sent as planned, over all partitions, with the time at which they are sent', async () => {
  const START = Date.UTC(2026, 2, 2, 9);
  let now = START;
  const units: WriteUnit[] = [];
  const plan = planOf(
    { scenario: scenarios['revenue-drop'], segment, strength: 0.5, forMs: 3_000 },
    { impressions: 40, clicks: 4 },
    { isWatched: true, windowName: '1s', windowMs: 1_000, slideMs: 1_000, warmUp: 0, minVolume: 0 },
    0,
  );
  let told = 0;
  const signal = new AbortController().signal;
  const broken = await sendPlan(
    plan,
    {
      clock: { now: () => now, elapsed: () => 0 },
      sleep: async (ms) => void (now += ms),
      random: createRandom(1),
      writer: { commit: async (unit) => (units.push(unit), []) },
      topic: 't',
      partitions: 2,
      onSent: (events) => (told += events),
    },
    signal,
  );
  const appends = units.flatMap(({ appends: list = [] }) => list);
  const events = appends.flatMap((each) =>
    Array.from(
      each.ends,
      (end, i) => JSON.parse(Buffer.from(each.bytes.subarray(each.ends[i - 1] ?? 0, end)).toString()) as Record<string, unknown>,
    ),
  );
  assert.equal(events.length, told);
  assert.deepEqual(broken, { fromMs: START, toMs: START + 3_000 });
  const count = (type: string): number => events.filter((event) => event['event_type'] === type).length;
  // 40 and 4 a second for 3 s; a part of one may be left over.
  assert.ok(Math.abs(count('impression') - 120) <= 1, String(count('impression')));
  assert.ok(Math.abs(count('click') - 12) <= 1, String(count('click')));
  assert.deepEqual(new Set(appends.map(({ partition }) => partition)), new Set([0, 1]));
  assert.equal(new Set(events.map((event) => event['event_id'])).size, events.length);
  for (const event of events) {
    assert.deepEqual([event['country'], event['ad_format'], event['revenue']], ['US', 'banner', 0]);
    const at = Date.parse(String(event['event_time'])) - START;
    assert.ok(at >= 0 && at <= 3_000, String(at));
  }
});
