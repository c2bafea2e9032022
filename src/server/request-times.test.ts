import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, Registry } from 'prom-client';
import { createRequestTimes } from './request-times.ts';

const HELP = 'HTTP requests, by route and status.';
const BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5];

test('says what a histogram of prom-client says, line by line', async () => {
  const registry = new Registry();
  const labelNames = ['method', 'route', 'status'];
  const theirs = new Histogram({ name: 'tocsin_http_request_seconds', help: HELP, labelNames, buckets: BUCKETS, registers: [registry] });
  const ours = createRequestTimes();
  const observed: [method: string, route: string, status: number, seconds: number][] = [
    ['GET', '/metrics/:p0/:p1', 200, 0.0005],
    ['GET', '/metrics/:p0/:p1', 200, 0.00051],
    ['GET', '/metrics/:p0/:p1', 304, 0],
    ['POST', '/api/events', 202, 5],
    ['POST', '/api/events', 202, 5.1],
    ['GET', '/a "quoted" \\ path\nof two lines', 200, 0.3],
  ];
  for (const [method, route, status, seconds] of observed) {
    theirs.observe({ method, route, status: String(status) }, seconds);
    ours.observe(method, route, status, seconds);
  }
  assert.deepEqual(ours.text().split('\n').sort(), (await registry.metrics()).trimEnd().split('\n').sort());
});
