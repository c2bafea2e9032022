import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PipelineStatus } from '../../../src/server/api.ts';
import { watermarkOf } from './vitals.ts';

const status = (...watermarks: (string | null)[]): PipelineStatus =>
  ({ partitions: watermarks.map((watermark) => ({ watermark })) }) as unknown as PipelineStatus;

test('the watermark is that of the partition furthest behind', () => {
  assert.equal(watermarkOf(status('2026-01-01T00:00:02.000Z', null, '2026-01-01T00:00:01.000Z')), '2026-01-01T00:00:01.000Z');
  assert.equal(watermarkOf(status(null)), undefined);
});
