import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import type { Episode } from '../../alerts/episodes.ts';
import { findAlert, othersOf } from './found.ts';
import { planOf } from './plan.ts';
import { scenarios } from './scenarios.ts';
import { findSegment } from './target.ts';

const T = Date.UTC(2026, 2, 2, 9);
const iso = (second: number): string => new Date(T + second * 1_000).toISOString();
const detection = { isWatched: true, windowName: '10s', windowMs: 10_000, slideMs: 10_000, warmUp: 0, minVolume: 0 };
const plan = planOf(
  { scenario: scenarios['ctr-drop'], segment: findSegment('US/banner'), strength: 0.4 },
  { impressions: 9, clicks: 1 },
  detection,
  0,
);
const span = (from: number, to: number) => ({ fromMs: T + from * 1_000, toMs: T + to * 1_000 });

/** Rang with the 10 s window that starts at this second; ended with the window that ends at `over`. */
function rang(start: number, over: number | null, change: Partial<Episode> = {}): Episode {
  return {
    ...sampleAlert,
    alert_type: 'ctr_drop',
    labels: { country: 'US', ad_format: 'banner' },
    window_start: iso(start),
    window_end: iso(start + 10),
    alert_time: iso(start + 10),
    status: over === null ? 'firing' : 'resolved',
    resolved_time: over === null ? null : iso(over),
    ...change,
  };
}

const outcome = (alert: Episode, broken: ReturnType<typeof span>, allClosed = true): string => {
  const { found, uncounted } = findAlert([alert], plan, broken, allClosed);
  return `${found ? 'found' : uncounted ? 'uncounted' : 'nothing'} ${Math.round(100 * ((found ?? uncounted)?.brokenShare ?? 0))}`;
};

test('an alert counts when at least half of one of its windows was broken', () => {
  assert.equal(outcome(rang(10, 20 + 10), span(5, 25)), 'found 100');
  assert.equal(outcome(rang(0, 20), span(5, 25)), 'found 50');
  assert.equal(outcome(rang(0, 20), span(6, 26)), 'uncounted 40');
  assert.equal(outcome(rang(20, 30), span(5, 25)), 'found 50');
  assert.equal(outcome(rang(20, 30), span(5, 23)), 'uncounted 30');
});

test('one that began with a window broken in part counts once it went on through a whole one', () => {
  const broken = span(8, 28);
  assert.equal(outcome(rang(0, 30), broken), 'found 100');
  assert.equal(outcome(rang(0, null), broken), 'found 100');
  // Not yet known: only its first window is closed.
  assert.equal(outcome(rang(0, null), broken, false), 'uncounted 20');
});

test('what rang before the break, after it, elsewhere or of another type is not its alert', () => {
  const broken = span(20, 40);
  assert.equal(outcome(rang(0, null), broken), 'uncounted 100');
  assert.equal(outcome(rang(40, null), broken), 'uncounted 0');
  assert.equal(outcome(rang(20, null, { alert_type: 'ctr_spike' }), broken), 'nothing 0');
  assert.equal(outcome(rang(20, null, { labels: { country: 'KR', ad_format: 'banner' } }), broken), 'nothing 0');
});

test('what else rang in the segment, or above it, while it was broken is named once', () => {
  const found = rang(10, 30);
  const traffic = rang(10, 30, { alert_id: 'traffic', alert_type: 'traffic_spike' });
  const others = [
    rang(10, 30, { alert_id: 'country', labels: { country: 'US' } }),
    rang(10, 30, { alert_id: 'total', labels: {} }),
    rang(10, 30, { alert_id: 'folded', alert_type: 'traffic_spike', part_of: 'country' }),
    rang(10, 30, { alert_id: 'elsewhere', labels: { country: 'KR', ad_format: 'banner' } }),
    rang(40, 50, { alert_id: 'later', alert_type: 'traffic_spike' }),
    rang(0, 10, { alert_id: 'earlier', alert_type: 'traffic_spike' }),
  ];
  const alerts = [found, traffic, ...others];
  const broken = span(10, 30);
  const named = othersOf(alerts, [plan, plan], [broken, broken], [findAlert(alerts, plan, broken, true)]);
  assert.deepEqual(
    named.map(({ alert_id }) => alert_id),
    ['traffic', 'country', 'total'],
  );
});

test('of a break shorter than a window half of the break has to lie in it', () => {
  assert.equal(outcome(rang(0, 20), span(2, 6)), 'found 40');
  assert.equal(outcome(rang(0, 20), span(9, 13)), 'uncounted 10');
  assert.equal(outcome(rang(0, 20), span(5, 5)), 'uncounted 0');
});
