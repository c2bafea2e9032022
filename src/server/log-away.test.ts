/** What is answered while the log does not answer. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fakeSurface, serverOn } from '../../test/server/fake-surface.ts';
import { AppError } from '../core/errors.ts';
import type { PipelineView, Surface } from './surface.ts';

/** Nothing that asks the log is answered until `answer()`; `asked`: how often the status was. */
function logAway() {
  const { promise: back, resolve: answer } = Promise.withResolvers<void>();
  const { view, ...surface } = fakeSurface();
  const later =
    <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await back;
      return work(...args);
    };
  let asked = 0;
  const away: PipelineView = {
    ...view,
    status: () => (asked++, later(view.status)()),
    windows: later(view.windows),
    latest: later(view.latest),
    alerts: later(view.alerts),
    alert: later(view.alert),
    deadLetters: later(view.deadLetters),
    silences: { list: later(view.silences.list), add: later(view.silences.add), end: later(view.silences.end) },
  };
  return { surface: { ...surface, pipelines: [away], notReady: later(surface.notReady) }, answer, asked: () => asked };
}

async function open(t: TestContext, surface: Surface) {
  const { app } = await serverOn(t, surface, { limits: { answerMs: 50, probeMs: 50 } });
  return async (url: string, method: 'GET' | 'POST' | 'DELETE' = 'GET', payload?: object) => {
    const headers = { host: 'localhost', ...(payload && { 'content-type': 'application/json' }) };
    const found = await app.inject({ url, method, headers, ...(payload && { payload }) });
    return { status: found.statusCode, retryAfter: found.headers['retry-after'], text: found.body };
  };
}

// Without the limit these would wait for ever.
const PATIENCE = { timeout: 10_000 };

test('questions about a pipeline are given up in time, and may be asked again', PATIENCE, async (t) => {
  const { surface, answer } = logAway();
  const ask = await open(t, surface);
  const of = '/api/v1/pipelines/ads';
  for (const path of ['status', 'windows?window=5m', 'latest?window=5m', 'alerts', 'alerts/a', 'silences', 'dead-letters']) {
    const { status, retryAfter, text } = await ask(`${of}/${path}`);
    assert.deepEqual([status, retryAfter], [503, '5'], path);
    assert.match(text, /the log has not answered within 50ms; ask again/);
  }
  const silence = { alert_type: 'ctr_drop', for: '1h' };
  for (const answered of [await ask(`${of}/silences`, 'POST', silence), await ask(`${of}/silences/s`, 'DELETE')]) {
    assert.equal(answered.status, 503);
    assert.match(answered.text, /whether that was noted is not known: list the silences/);
  }
  assert.equal((await ask('/readyz')).status, 503);
  answer();
  assert.equal((await ask(`${of}/status`)).status, 200);
  assert.equal((await ask('/readyz')).status, 200);
});

test('the metrics of the process go on; a pipeline is asked once, and is there again with its log', PATIENCE, async (t) => {
  const { surface, answer, asked } = logAway();
  const ask = await open(t, surface);
  for (let scrape = 0; scrape < 3; scrape++) {
    const { status, text } = await ask('/metrics');
    assert.equal(status, 200);
    assert.match(text, /^tocsin_build_info\{.* 1$/m);
    assert.doesNotMatch(text, /^tocsin_records_total\{/m);
  }
  assert.equal(asked(), 1);
  answer();
  assert.match((await ask('/metrics')).text, /^tocsin_records_total\{.*outcome="accepted"\} 4$/m);
});

test('a log that says that it is away is the same to the metrics; a fault of ours is not', PATIENCE, async (t) => {
  const { view, ...surface } = fakeSurface();
  let error: Error = new AppError('log_unavailable', 'Kafka is away.', { retryable: true });
  const ask = await open(t, { ...surface, pipelines: [{ ...view, status: () => Promise.reject(error) }] });
  assert.equal((await ask('/metrics')).status, 200);
  error = new TypeError('a fault');
  assert.equal((await ask('/metrics')).status, 500);
});
