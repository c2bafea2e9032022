import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { definePipeline } from '../../config/load-pipeline.ts';
import { silentLogger } from '../../core/logger.ts';
import type { Receiver } from '../../receivers/receiver.ts';
import { limitAlert } from '../../alerts/limit-alert.ts';
import { limitAlertsOf, notifierOf } from './pipeline-parts.ts';
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

const HOUR = 60 * MINUTE;
const MORNING = Date.parse('2026-03-02T09:00:30.000Z');

/** Whose windows stand in the file in this order. */
const withWindows = (...windows: string[]) =>
  definePipeline({
    pipeline: 'shop',
    source: { topic: 'orders' },
    event: { id: 'id', time: 'at' },
    measures: { visits: { count: 'events' } },
    windows,
  });

test('two episodes of a limit within one day are two alerts, each at its time, whatever windows the file names and in which order', () => {
  for (const windows of [['1d', '1m'], ['1m', '1d'], ['1d']]) {
    const tell = limitAlertsOf(withWindows(...windows));
    const alerts = [MORNING, MORNING + 3 * HOUR].flatMap((since) => tell('series', 'orders/0', { since }));
    assert.equal(new Set(alerts.map(({ alert_id }) => alert_id)).size, 2, String(windows));
    for (const [i, { alert_time }] of alerts.entries()) {
      const late = Date.parse(alert_time) - (MORNING + i * 3 * HOUR);
      assert.ok(late >= 0 && late <= MINUTE, `${String(windows)}: ${alert_time}`);
    }
  }
});

test('an alert of a limit that fires under the id of the first window, as it once did, is ended with the episode', () => {
  const config = withWindows('2h', '1m');
  const span = { since: MORNING };
  const [day] = config.engine.windows;
  const reached = { kind: 'series', pipeline: 'shop', partition: 'orders/0', limit: 1, locale: 'en' } as const;
  // Of the hour in which it began: so the id was made.
  const before = limitAlert({ ...reached, window: day!, span: { since: Date.parse('2026-03-02T08:00:00.000Z') } });
  const over = limitAlertsOf(config)('series', 'orders/0', { ...span, endedAt: MORNING + 2 * HOUR });
  const [now] = limitAlertsOf(config)('series', 'orders/0', span);
  assert.deepEqual(
    over.map(({ alert_id, status, part_of }) => [alert_id, status, part_of]),
    [
      [now!.alert_id, 'resolved', undefined],
      [before.alert_id, 'resolved', now!.alert_id],
    ],
  );
  assert.equal(limitAlertsOf(withWindows('1m', '2h'))('series', 'orders/0', { ...span, endedAt: MORNING + 2 * HOUR }).length, 1);
});

test('an alert of a limit ends under the id under which it began, whatever windows the file has since', () => {
  const span = { since: MORNING };
  const [begun] = limitAlertsOf(withWindows('1m', '1h'))('series', 'orders/0', span);
  for (const windows of [['30s', '1m', '1h'], ['1d'], ['1m']]) {
    const over = limitAlertsOf(withWindows(...windows))('series', 'orders/0', { ...span, endedAt: MORNING + 2 * HOUR, told: begun! });
    assert.deepEqual(
      over.map(({ alert_id, status, window, since }) => [alert_id, status, window, since]),
      [[begun!.alert_id, 'resolved', '1m', begun!.since]],
      String(windows),
    );
  }
});
