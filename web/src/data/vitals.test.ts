import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PipelineStatus } from '../../../src/server/api.ts';
import { behindSecondsOf, watermarkOf } from './vitals.ts';

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
