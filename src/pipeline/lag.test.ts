import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { RecordBatch } from '../log/log.ts';
import { smallSpec } from '../../test/support/small-spec.ts';
import { behindMs, createLagMeter, totalLag, type TotalLag } from './lag.ts';
import { advanceLag, openLagWatch, type LagState } from './lag-watch.ts';
import { toStateChanges } from './state-codec.ts';

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

test('behind marks of transactions nobody is late: who has read all that he found has no lag', async () => {
  const found: { next: RecordBatch | undefined; reads: number } = { next: undefined, reads: 0 };
  const log = {
    bounds: async () => ({ start: 0, end: 5, storedBytes: 0 }),
    read: async () => (found.reads++, found.next),
  };
  const spec = smallSpec();
  const [source] = spec.sources;
  const meter = createLagMeter(spec, { log, clock: { now: () => 90_000, elapsed: () => 0 } });
  const measure = async (offset: number, caughtUp: boolean) => {
    const [lag] = await meter.measure([{ name: `${source!.topic}/0`, offset, watermark: 0, caughtUp }]);
    return [lag!.records, lag!.behindMs];
  };
  assert.deepEqual(await measure(4, true), [0, 0]);
  assert.equal(found.reads, 1);
  assert.deepEqual((await measure(3, false))[0], 2);
  assert.equal(found.reads, 1, 'who still reads is not looked after');
  found.next = { firstOffset: 4 } as RecordBatch;
  assert.deepEqual((await measure(3, true))[0], 1, 'a record has come');
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
        alert: (lag, at) => ({ alert_id: `since ${at.since}`, status: at.status, current_value: lag.records }) as AlertEvent,
      },
    );
  for (; now <= 3_000; now += 1_000) await (await open()).tick();
  assert.deepEqual(told, [{ alert_id: 'since 0', status: 'firing', current_value: 50 }]);
  records = 10;
  for (; now <= 9_000; now += 1_000) await (await open()).tick();
  assert.deepEqual(told.slice(1), [{ alert_id: 'since 0', status: 'resolved', current_value: 10 }]);
  assert.equal(kept.size, 1, 'when it rang is kept until the cooldown is over');
  for (now = 599_000; now <= 603_000; now += 1_000) await (await open()).tick();
  assert.equal(kept.size, 0);
  assert.equal(told.length, 2);
});

const MINUTE = 60_000;

/** What is told, in minutes, of a lag for 4 minutes and, from the fifth on, for 35. `isRestarted`: in this second. */
async function toldOf(cooldownMinutes: number, untilMinute: number, isRestarted: (second: number) => boolean) {
  const { kept, told, log } = keeping();
  let now = 0;
  const isAbove = (): boolean => now < 4 * MINUTE || (now >= 5 * MINUTE && now < 40 * MINUTE);
  const open = () =>
    openLagWatch(
      {
        pipeline: 'ads',
        topic: 'ads.alerts',
        limit: { above: 10, unit: 'records', forMs: 30_000 },
        repeatAfterMs: cooldownMinutes * MINUTE,
      },
      {
        log,
        clock: { now: () => now },
        measure: async (): Promise<TotalLag> => ({ records: isAbove() ? 50 : 0, behindMs: 0, worst: 'raw/0' }),
        alert: (_, at) => ({ alert_time: new Date(at.now).toISOString(), status: at.status, repeat: at.repeat }) as AlertEvent,
      },
    );
  let watch = await open();
  for (; now <= untilMinute * MINUTE; now += 10_000) {
    if (isRestarted(now / 1_000)) watch = await open();
    await watch.tick();
  }
  return { kept, told: told.map(({ alert_time, status, repeat }) => [Date.parse(alert_time) / MINUTE, status, repeat]) };
}

for (const [when, isRestarted] of [
  ['without a restart', () => false],
  ['with a restart at every look', () => true],
  ['with a restart between the episodes', (second: number) => second === 290],
  ['with a restart in the second episode', (second: number) => second === 360],
] as const) {
  test(`a lag that lasts is told again each cooldown, and first when that of the episode before is over: ${when}`, async () => {
    const { told } = await toldOf(10, 21, isRestarted);
    assert.deepEqual(told, [
      [0.5, 'firing', 0],
      [4.5, 'resolved', 0],
      [5.5, 'firing', 0],
      [10.5, 'firing', 1],
      [20.5, 'firing', 2],
    ]);
    // The reminder at 3.5 begins a cooldown of its own, which ends within the second episode.
    assert.deepEqual((await toldOf(3, 13, isRestarted)).told, [
      [0.5, 'firing', 0],
      [3.5, 'firing', 1],
      [4.5, 'resolved', 0],
      [5.5, 'firing', 0],
      [6.5, 'firing', 1],
      [9.5, 'firing', 2],
      [12.5, 'firing', 3],
    ]);
  });
}

test('when all is over and the cooldown too, nothing is kept of a lag', async () => {
  const { kept, told } = await toldOf(10, 55, () => true);
  assert.deepEqual(told.at(-1), [40.5, 'resolved', 0]);
  assert.equal(kept.size, 0);
});

test('an alert on lag of before it was noted when it rang is reminded of a cooldown after it was told last', async () => {
  const { told, log } = keeping();
  const before = { alert_time: new Date(MINUTE).toISOString(), status: 'firing', repeat: 0 } as AlertEvent;
  await log.commit({ state: toStateChanges('lag-alert/', [['ads', { status: 'firing', since: 0, told: before }]]) });
  let now = 2 * MINUTE;
  const watch = await openLagWatch(
    { pipeline: 'ads', topic: 'ads.alerts', limit: { above: 10, unit: 'records', forMs: 0 }, repeatAfterMs: 10 * MINUTE },
    {
      log,
      clock: { now: () => now },
      measure: async (): Promise<TotalLag> => ({ records: 50, behindMs: 0, worst: 'raw/0' }),
      alert: (_, at) => ({ status: at.status, alert_time: new Date(at.now).toISOString(), repeat: at.repeat }) as AlertEvent,
    },
  );
  for (; now <= 12 * MINUTE; now += 10_000) await watch.tick();
  assert.deepEqual(
    told.map(({ alert_time, repeat }) => [Date.parse(alert_time) / MINUTE, repeat]),
    [[11, 1]],
  );
});
