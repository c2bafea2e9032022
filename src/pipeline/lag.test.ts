import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { behindMs, totalLag, type TotalLag } from './lag.ts';
import { advanceLag, openLagWatch, type LagState } from './lag-watch.ts';

test('what is read to its end is not behind, however long its source has been silent', () => {
  assert.equal(behindMs(0, 1_000, 500, 9_000_000), 0);
  assert.equal(behindMs(3, 1_000, 500, 61_500), 60_000);
  assert.equal(behindMs(3, 100_000, 500, 61_500), 0, 'a fast clock is not ahead of now');
  assert.equal(behindMs(3, -Infinity, 500, 61_500), undefined);
});

test('records add up over partitions, the time is the worst one', () => {
  const at = { offset: 0, end: 0 };
  const total = totalLag([
    { ...at, name: 'a/0', records: 10, behindMs: 500 },
    { ...at, name: 'a/1', records: 5, behindMs: 9_000 },
    { ...at, name: 'a/2', records: 0, behindMs: 0 },
    { ...at, name: 'a/3', records: 7, behindMs: undefined },
  ]);
  assert.deepEqual(total, { records: 22, behindMs: 9_000, worst: 'a/1' });
  assert.deepEqual(totalLag([]), { records: 0, behindMs: 0, worst: undefined });
});

test('it rings once for an episode and ends once, whatever the lag does in between', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.integer({ min: 0, max: 5 }), (above, forSteps) => {
      let state: LagState | undefined;
      const changes: string[] = [];
      for (const [now, isAbove] of above.entries()) {
        const moved = advanceLag(state, isAbove, now, forSteps);
        if (moved.change) {
          changes.push(moved.change);
          // The time that led to it was all above, or all within.
          assert.ok(above.slice(now - forSteps, now + 1).every((each) => each === (moved.change === 'fired')));
        }
        state = moved.state;
      }
      assert.ok(changes.every((change, i) => change === (i % 2 === 0 ? 'fired' : 'resolved')));
      assert.equal(state !== undefined && state.status !== 'pending', changes.length % 2 === 1);
    }),
  );
});

/** A log that keeps what the watch writes, and what it told. */
function keeping() {
  const kept = new Map<string, Uint8Array>();
  const told: AlertEvent[] = [];
  const log = {
    state: async (prefix: string) => [...kept].filter(([key]) => key.startsWith(prefix)),
    async commit({
      appends = [],
      state = [],
    }: {
      appends?: readonly { bytes: Uint8Array }[];
      state?: readonly (readonly [string, Uint8Array | null])[];
    }) {
      for (const { bytes } of appends) told.push(JSON.parse(Buffer.from(bytes).toString()) as AlertEvent);
      for (const [key, value] of state) {
        if (value) kept.set(key, value);
        else kept.delete(key);
      }
      return appends.map(() => 0);
    },
  };
  return { kept, told, log };
}

test('the watch records what it tells with its state, and a restart neither rings again nor forgets the end', async () => {
  const { kept, told, log } = keeping();
  let now = 0;
  let records = 50;
  const open = () =>
    openLagWatch(
      { pipeline: 'ads', topic: 'ads.alerts', limit: { above: 10, unit: 'records', forMs: 2_000 }, repeatAfterMs: 600_000 },
      {
        log,
        clock: { now: () => now },
        measure: async (): Promise<TotalLag> => ({ records, behindMs: 0, worst: 'raw/0' }),
        alert: (lag, at) =>
          ({ alert_id: `since ${at.since}`, status: at.told ? 'resolved' : 'firing', current_value: lag.records }) as AlertEvent,
      },
    );
  for (; now <= 3_000; now += 1_000) await (await open()).tick();
  assert.deepEqual(told, [{ alert_id: 'since 0', status: 'firing', current_value: 50 }]);
  records = 10;
  for (; now <= 9_000; now += 1_000) await (await open()).tick();
  assert.deepEqual(told.slice(1), [{ alert_id: 'since 0', status: 'resolved', current_value: 10 }]);
  assert.equal(kept.size, 0);
});

test('a lag that lasts is told again each cooldown, through restarts, and first when the cooldown of the episode before is over', async () => {
  const MINUTE = 60_000;
  for (const restarts of [false, true]) {
    const { told, log } = keeping();
    let now = 0;
    const isAbove = (): boolean => now < 4 * MINUTE || (now >= 5 * MINUTE && now < 40 * MINUTE);
    const open = () =>
      openLagWatch(
        {
          pipeline: 'ads',
          topic: 'ads.alerts',
          limit: { above: 10, unit: 'records', forMs: 30_000 },
          repeatAfterMs: restarts ? 3 * MINUTE : 10 * MINUTE,
        },
        {
          log,
          clock: { now: () => now },
          measure: async (): Promise<TotalLag> => ({ records: isAbove() ? 50 : 0, behindMs: 0, worst: 'raw/0' }),
          alert: (_, at) =>
            ({ alert_time: new Date(at.now).toISOString(), status: at.told ? 'resolved' : 'firing', repeat: at.repeat }) as AlertEvent,
        },
      );
    let watch = await open();
    for (; now <= 13 * MINUTE; now += 10_000) {
      if (restarts) watch = await open();
      await watch.tick();
    }
    assert.deepEqual(
      told.map(({ alert_time, status, repeat }) => [Date.parse(alert_time) / MINUTE, status, repeat]),
      restarts
        ? [
            [0.5, 'firing', 0],
            [3.5, 'firing', 1],
            [4.5, 'resolved', 0],
            [5.5, 'firing', 0],
            [8.5, 'firing', 1],
            [11.5, 'firing', 2],
          ]
        : [
            [0.5, 'firing', 0],
            [4.5, 'resolved', 0],
            [5.5, 'firing', 0],
            [10.5, 'firing', 1],
          ],
    );
  }
});
