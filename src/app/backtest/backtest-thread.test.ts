import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporary } from '../../../test/support/temporary.ts';
import { backtestInThread } from './backtest-thread.ts';

test('times without a zone are by the clock of the file, those of incidents too', async (t) => {
  const dir = temporary(t);
  const file = join(dir, 'shop.yml');
  const input = join(dir, 'orders.ndjson');
  writeFileSync(
    file,
    `pipeline: shop
source: { topic: orders }
event: { time: at }
dimensions: [country]
measures: { orders: { count: {} } }
windows: [1m]
time_zone: Asia/Seoul
detect: { orders: { detector: threshold, above: 100 } }
`,
  );
  writeFileSync(input, [0, 1, 2, 3].map((minute) => `{"at":"2026-03-02T09:0${minute}:30Z","country":"KR"}\n`).join(''));
  const report = await backtestInThread(
    {
      file,
      data: join(dir, 'none'),
      input,
      warmUpMs: 0,
      set: [],
      compare: false,
      graceMs: 0,
      // As `POST …/backtest` hands them on.
      from: { shown: Date.UTC(2026, 2, 2, 18, 1) },
      incidents: [{ start: '2026-03-02 18:00', end: '2026-03-03' }],
    },
    new AbortController().signal,
  );
  assert.equal(report.from, '2026-03-02T09:01:00.000Z');
  const [incident] = report.settings[0]!.score!.incidents;
  assert.deepEqual([incident?.start, incident?.end], ['2026-03-02T09:00:00.000Z', '2026-03-02T15:00:00.000Z']);
});
