import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDetector } from '../../test/contract/detector.ts';
import type { DetectorContext } from './detector.ts';
import { detectorCatalog } from './catalog.ts';
import type { DetectorName } from './catalog.ts';

const context: DetectorContext = {
  measure: { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
  window: { name: '1m', sizeMs: 60_000, slideMs: 60_000 },
};

const count: DetectorContext = { ...context, measure: { kind: 'count', name: 'clicks', source: 'events', where: [] } };

const heavy: DetectorContext = {
  ...context,
  measure: { kind: 'heavy_hitters', name: 'top_users', source: 'events', where: [], field: 'user_id', keep: 64 },
};

/** For detectors that do not take ratios. */
const contexts: { readonly [name in DetectorName]?: DetectorContext } = { absence: count, mix: count, frequency: heavy };

/** JSON bytes of one series' state, where a detector needs more room than others: a day in minutes and a week in half hours. */
const stateBytesMax: { readonly [name in DetectorName]?: number } = { seasonal: 24_576 };

/** Settings to try each detector with; a new detector has to add its own. */
const settings: Readonly<Record<DetectorName, readonly object[]>> = {
  absence: [{}, { for: '3m', habits: 'week', forget_after: '1d' }],
  change: [{ down: '30%' }, { up: '50%', against: '7d', span: '1h' }],
  'ema-threshold': [{ down: '50%' }, { down: '50%', up: '200%', min_volume: 5, warm_up: 3 }],
  evidence: [{ down: '50%' }, { down: '100%', up: '200%', habits: false, forget_after: '1d' }],
  'expected-rate': [{ rate: '30%' }, { rate: '0.6%', up: '50%' }],
  experiment: [{ of: 'banner', control: 'old' }],
  frequency: [{ more_than: 3 }, { more_than: 100, name: 2 }],
  mix: [
    { of: 'country', down: '50%' },
    { of: 'country', up: '100%', unseen: '5%', half_life: '2h', warm_up: '5m' },
  ],
  seasonal: [{ down: '30%' }, { down: '50%', up: '100%', forget_after: '1d' }],
  threshold: [{ above: 5 }, { above: 5, clear_below: 2, below: 1, for: '2m', min_volume: 5 }],
};

for (const name of Object.keys(detectorCatalog) as DetectorName[]) {
  test(`${name} stands in the catalog under its own name`, () => assert.equal(detectorCatalog[name].name, name));
  for (const one of settings[name]) testDetector(detectorCatalog[name], one, contexts[name] ?? context, stateBytesMax[name]);
}

test('settings that are told in a line are told as the file has them', () => {
  const { evidence, threshold } = detectorCatalog;
  const limits = { above: '7%', clear_below: '3.5%', below: 0.1, clear_above: 0.2 };
  assert.equal(threshold.outline?.(threshold.config.parse(limits)), 'above 7% until below 3.5%, below 0.1 until above 0.2');
  assert.equal(evidence.outline?.(evidence.config.parse({ down: '55%', up: '200%' })), 'down 55%, up 200%');
});
