import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdWaits } from '../../test/support/held-waits.ts';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { silentLogger } from '../core/logger.ts';
import type { Receiver } from '../receivers/receiver.ts';
import { createLanes } from './lanes.ts';
import { createNotifier } from './notifier.ts';

/** Works that are noted when they begin, and end when the test says so. */
function works() {
  const begun: string[] = [];
  const running = new Map<string, PromiseWithResolvers<void>>();
  return {
    begun,
    work: (name: string) => async (): Promise<void> => {
      begun.push(name);
      const one = Promise.withResolvers<void>();
      running.set(name, one);
      await one.promise;
    },
    end: (name: string) => running.get(name)!.resolve(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('in one lane each waits for the one before it, failed or not; lanes go side by side', async () => {
  const { begun, work, end } = works();
  const lanes = createLanes();
  const failing = lanes.run('a', '1', () => Promise.reject(new Error('no')));
  const first = lanes.run('a', '2', work('first'));
  const second = lanes.run('a', '3', work('second'));
  const beside = lanes.run('b', '4', work('beside'));
  await assert.rejects(failing, /no/);
  await turn();
  assert.deepEqual(begun.toSorted(), ['beside', 'first']);
  end('first');
  await first;
  await turn();
  assert.deepEqual(begun.slice(2), ['second']);
  for (const name of ['second', 'beside']) end(name);
  await Promise.all([second, beside]);
});

test('what belongs to one stays in the lane that it is in, whatever that is called later; once all of it is done it may change', async () => {
  const { begun, work, end } = works();
  const lanes = createLanes();
  const first = lanes.run('old', '1', work('first'));
  const second = lanes.run('new', '1', work('second'));
  const other = lanes.run('new', '2', work('other'));
  await turn();
  assert.deepEqual(begun.toSorted(), ['first', 'other']);
  end('first');
  await first;
  await turn();
  assert.deepEqual(begun.slice(2), ['second']);
  const third = lanes.run('new', '1', work('third'));
  await turn();
  assert.equal(begun.length, 3, 'some of it is in the old lane still');
  for (const name of ['second', 'other']) {
    end(name);
    await turn();
  }
  end('third');
  await Promise.all([second, other, third]);
  const blocked = lanes.run('old', '3', work('blocked'));
  const free = lanes.run('new', '1', work('free'));
  await turn();
  assert.deepEqual(begun.slice(4).toSorted(), ['blocked', 'free']);
  for (const name of ['blocked', 'free']) end(name);
  await Promise.all([blocked, free]);
});

test('the end of an alert waits for its beginning, though the file gives it another type by then', async () => {
  const begun = Date.parse(sampleAlert.alert_time);
  const { wait, count, tryAgain } = holdWaits();
  const rung: string[] = [];
  let isAway = true;
  const pager: Receiver = {
    name: 'pager',
    local: false,
    target: 'pager',
    async send({ alert }) {
      if (isAway) return { ok: false, retryable: true, reason: 'away' };
      rung.push(`${alert.alert_type} ${alert.status}`);
      return { ok: true };
    },
  };
  const notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 0, notifyWithinMs: undefined, audience: 'all' },
    { clock: { now: () => begun, elapsed: () => 0 }, receivers: [pager], wait, logger: silentLogger },
  );
  const [queue] = notifier.queues;
  const firing = queue!.offer(0, sampleAlert);
  const over = { status: 'resolved', alert_type: 'few_clicks', alert_time: new Date(begun + 60_000).toISOString() } as const;
  const resolved = queue!.offer(1, { ...sampleAlert, ...over });
  while (count() === 0) await turn();
  isAway = false;
  tryAgain();
  await Promise.all([firing, resolved]);
  assert.deepEqual(rung, ['ctr_drop firing', 'few_clicks resolved']);
});
