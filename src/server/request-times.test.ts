import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, Registry } from 'prom-client';
import { createRequestTimes } from './request-times.ts';

test('it says what the library would say', async () => {
  const registry = new Registry();
  const theirs = new Histogram({
    name: 'tocsin_http_request_seconds',
    help: 'HTTP requests, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5],
    registers: [registry],
  });
  const ours = createRequestTimes();
  for (const [method, route, status, seconds] of [
    ['GET', '/metrics/:p0', 200, 0.0005],
    ['GET', '/metrics/:p0', 200, 0.3],
    ['GET', '/metrics/:p0', 304, 0],
    ['POST', 'a "quoted" \\ one\n', 500, 7],
    ['GET', '/metrics/:p0', 200, 5],
  ] as const) {
    theirs.observe({ method, route, status: String(status) }, seconds);
    ours.observe(method, route, status, seconds);
  }
  assert.equal(ours.text(), await registry.metrics());
});
