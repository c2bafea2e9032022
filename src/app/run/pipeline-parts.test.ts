import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { definePipeline } from '../../config/load-pipeline.ts';
import { silentLogger } from '../../core/logger.ts';
import type { Receiver } from '../../receivers/receiver.ts';
import { notifierOf } from './pipeline-parts.ts';
import { RUN_DEFAULTS } from './run-options.ts';

const MINUTE = 60_000;

test('of a pipeline that waits longer for late events than alerts are news, people are told all the same', async () => {
  const config = definePipeline({
    pipeline: 'shop',
    source: { topic: 'orders' },
    event: { id: 'id', time: 'at', out_of_orderness: '20m' },
    measures: { visits: { count: 'events' } },
    windows: ['1m'],
  });
  assert.ok(config.notifyWithinMs < 20 * MINUTE);
  const pager: Receiver = { name: 'pager', local: false, target: '', send: async () => ({ ok: true }) };
  const endMs = Date.parse('2026-03-02T09:00:00.000Z');
  const clock = { now: () => endMs + 21 * MINUTE, elapsed: () => 0 };
  const options = { ...RUN_DEFAULTS, files: [], data: '' };
  const deps = { clock, logger: silentLogger, write: () => {}, colour: false };
  const { queues } = notifierOf(config, options, { receivers: [pager], dueBefore: 0 }, deps);
  const alert = { ...sampleAlert, labels: {}, alert_time: new Date(endMs).toISOString() };
  assert.equal((await queues[0]!.offer(0, alert))?.decision, 'sent');
});
