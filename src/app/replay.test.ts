/** A replay of what retention has left of the log: whole windows stay as they are. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { packRecords } from '../log/batch.ts';
import { openDataDir } from '../log/embedded/data-dir.ts';
import { createEmbeddedLog } from '../log/embedded/embedded-log.ts';
import type { Log } from '../log/log.ts';
import { incompleteText } from '../pipeline/complete-from.ts';
import { revisionOf } from '../windows/row-version.ts';
import { begin } from '../../test/support/in-process.ts';
import { ORDERS_PIPELINE } from '../../test/support/orders-pipeline.ts';
import { temporary } from '../../test/support/temporary.ts';

/** Of late, as the run deletes by its own clock what is too old. */
const HOUR = Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000;
const at = (second: number): number => HOUR + second * 1_000;
const clock = { now: () => at(0), elapsed: () => 0 };

/** A pipeline that has read orders as they arrived: 2 and 3 in the first minute, 4 in the second. Then retention took the first two. */
async function cut(t: TestContext) {
  const dir = temporary(t);
  const data = path.join(dir, 'data');
  const file = path.join(dir, 'shop.yml');
  writeFileSync(file, ORDERS_PIPELINE.replace('topic: orders', 'topic: orders, retention: 30d'));
  const place = ['--data', data, '--olap-store', 'none'];
  const onLog = async (work: (log: Log) => Promise<unknown>): Promise<void> => {
    const log = createEmbeddedLog({ path: openDataDir(data, { create: true }).logPath, clock });
    await work(log);
    await log.close();
  };
  const arrive = async (log: Log, second: number, orders: number): Promise<void> => {
    const values = Array.from({ length: orders }, () => JSON.stringify({ at: new Date(at(second)).toISOString(), country: 'KR' }));
    await log.commit({ appends: [{ topic: 'orders', partition: 0, ...packRecords(values), appendTime: at(second) }] });
  };
  await onLog(async (log) => {
    await log.ensureTopic('orders', { partitions: 1 });
    await arrive(log, 10, 2);
    await arrive(log, 40, 3);
    await arrive(log, 70, 4);
  });
  await called(['run', file, '--once', '--clock', 'append', '--quiet', ...place]);
  await onLog(async (log) => {
    // So that it is the first row of the log alone that holds too much.
    const { storedBytes } = await log.bounds('orders', 0);
    await log.ensureTopic('orders', { partitions: 1, retentionBytes: storedBytes - 1 });
    await log.applyRetention();
    assert.equal((await log.bounds('orders', 0)).start, 2);
  });
  /** `00 5 of 1`: of which revision the orders of a minute are. */
  const windows = async (): Promise<string[]> => {
    const lines = (await called(['windows', '--json', '--data', data])).trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as { window_start: string; country?: string; orders: number; version: string });
    const totals = rows.filter(({ country }) => country === undefined);
    return totals.map(({ window_start: start, orders, version }) => `${start.slice(14, 16)} ${orders} of ${revisionOf(version)}`);
  };
  return { file, place, windows };
}

async function called(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await begin(args).ended;
  assert.equal(code, 0, stderr);
  return stdout;
}

test('from earliest: a window of which retention has taken a part stays whole, as it was', async (t) => {
  const { file, place, windows } = await cut(t);
  assert.deepEqual(await windows(), ['00 5 of 1', '01 4 of 1']);
  for (const [i, from] of ['earliest', '0', new Date(at(5)).toISOString()].entries()) {
    const told = JSON.parse(await called(['replay', file, '--from', from, '--json', ...place])) as Record<string, unknown>;
    assert.deepEqual([told['records'], told['complete_from']], [7, new Date(at(40)).toISOString()]);
    assert.deepEqual(await windows(), ['00 5 of 1', `01 4 of ${i + 2}`]);
  }
});

test('by event time it is refused, and run --from earliest too: both name what can be done', async (t) => {
  const { file, place, windows } = await cut(t);
  for (const args of [
    ['replay', file, '--from', 'earliest', '--clock', 'event', ...place],
    ['run', file, '--once', '--from', 'earliest', ...place],
  ]) {
    const { code, stderr } = await begin(args).ended;
    assert.equal(code, 2);
    assert.match(stderr, /orders\/0 can be read from offset 2 on[^]*By event time[^]*--clock append[^]*--new-revision/);
  }
  assert.deepEqual(await windows(), ['00 5 of 1', '01 4 of 1']);
  const { code, stderr } = await begin(['run', file, '--once', '--clock', 'append', '--from', 'earliest', ...place]).ended;
  assert.equal(code, 0, stderr);
  assert.ok(stderr.includes(incompleteText('shop', at(40))), stderr);
  assert.deepEqual(await windows(), ['00 5 of 1', '01 4 of 2']);
});
