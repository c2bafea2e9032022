import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PipelineStatus } from '../../../src/server/api.ts';
import { behindSecondsOf, silentMsOf, watermarkOf } from './vitals.ts';

const status = (...watermarks: (string | null)[]): PipelineStatus =>
  ({ partitions: watermarks.map((watermark) => ({ watermark })) }) as unknown as PipelineStatus;

test('the watermark is that of the partition furthest behind', () => {
  assert.equal(watermarkOf(status('2026-01-01T00:00:02.000Z', null, '2026-01-01T00:00:01.000Z')), '2026-01-01T00:00:01.000Z');
  assert.equal(watermarkOf(status(null)), undefined);
});

test('a pipeline is as far behind as its last partition, and not at all where nothing came yet', () => {
  const lags = (...seconds: (number | null)[]): PipelineStatus =>
    ({ partitions: seconds.map((lag_seconds) => ({ lag_seconds })) }) as unknown as PipelineStatus;
  assert.equal(behindSecondsOf(lags(3, null, 50, 0)), 50);
  assert.equal(behindSecondsOf(lags(null)), 0);
  assert.equal(behindSecondsOf(lags()), 0);
});

test('a source that went silent is told after a minute: from when the page saw it, else from its newest event', () => {
  const now = Date.UTC(2026, 0, 1, 12);
  const ago = (seconds: number): string => new Date(now - seconds * 1_000).toISOString();
  const of = (records_per_second: number, watermark: string | null, lag = 0): PipelineStatus =>
    ({
      records_per_second,
      partitions: [
        { name: 'a/0', watermark: null, lag: 0 },
        { name: 'a/1', watermark, lag },
      ],
    }) as unknown as PipelineStatus;
  const silent = (told: PipelineStatus, rates: Parameters<typeof silentMsOf>[2]) =>
    silentMsOf(told, { sources: [{ name: 'a', topic: 'a', partitions: 2, out_of_orderness_ms: 5_000 }] }, rates, now);
  assert.equal(silent(of(0, ago(85)), []), 80_000, 'its newest event is that much after the watermark');
  assert.equal(silent(of(0, ago(64)), []), 0, 'a pause');
  assert.equal(silent(of(0.1, ago(80)), []), 0, 'something comes');
  assert.equal(silent(of(0, ago(80), 5), []), 0, 'something waits to be read');
  assert.equal(silent(of(0, null), []), 0, 'nothing ever came');
  assert.equal(silent(of(0, ago(40 * 86_400)), []), 0, 'history');
  const seen = (seconds: number) => [
    { at: now - seconds * 1_000, perSecond: 3 },
    ...[2, 1].map((at) => ({ at: now - at * 1_000, perSecond: 0 })),
  ];
  assert.equal(silent(of(0, ago(600)), seen(15)), 0, 'events that are behind the clock');
  assert.equal(silent(of(0, ago(40 * 86_400)), seen(60)), 70_000, 'rates are of the last ten seconds');
});
