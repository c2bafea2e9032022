import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { createLimitEpisodes, limitNews, LIMIT_QUIET_MS, type LimitSpan } from './limit-episodes.ts';

const HOUR = LIMIT_QUIET_MS;

/** Spans after events beyond the limit, in order, at the watermark of the last of them. */
function spansAfter(times: readonly number[], quietMs?: number): readonly LimitSpan[] {
  const episodes = createLimitEpisodes(quietMs);
  let watermark = -Infinity;
  for (const time of times) {
    episodes.note(time, watermark);
    watermark = Math.max(watermark, time);
  }
  return episodes.spans(watermark);
}

test('an episode goes on while events are beyond the limit, and begins again after an hour without', () => {
  assert.deepEqual(spansAfter([5, HOUR, 2 * HOUR]), [{ since: 5 }]);
  assert.deepEqual(spansAfter([5, HOUR, 2 * HOUR, 3 * HOUR + 1]), [{ since: 5, endedAt: 3 * HOUR }, { since: 3 * HOUR + 1 }]);
});

test('it ends once the watermark has passed an hour without, not before', () => {
  const episodes = createLimitEpisodes();
  episodes.note(5, -Infinity);
  assert.deepEqual(episodes.spans(HOUR + 5), [{ since: 5 }]);
  assert.deepEqual(episodes.spans(HOUR + 6), [{ since: 5, endedAt: HOUR + 5 }]);
});

test('events that come late do not end or begin one, nor move an end that was told', () => {
  assert.deepEqual(spansAfter([HOUR, 5, 2 * HOUR, 7, 3 * HOUR]), [{ since: HOUR }]);
  const episodes = createLimitEpisodes();
  episodes.note(5, -Infinity);
  episodes.note(HOUR, HOUR + 6);
  assert.deepEqual(episodes.spans(HOUR + 6), [{ since: 5, endedAt: HOUR + 5 }]);
});

test('what takes longer to show needs a longer silence', () => {
  assert.deepEqual(spansAfter([5, 3 * HOUR, 7 * HOUR], 3 * HOUR), [{ since: 5, endedAt: 6 * HOUR }, { since: 7 * HOUR }]);
});

test('the same episode seen to begin later is no news; what began unseen ends the one before', () => {
  assert.deepEqual(limitNews([{ since: 5 }], undefined), [{ since: 5 }]);
  assert.deepEqual(limitNews([{ since: 5 }], { since: 5 }), []);
  assert.deepEqual(limitNews([{ since: HOUR }], { since: 5 }), []);
  assert.deepEqual(limitNews([{ since: HOUR, endedAt: 9 * HOUR }], { since: 5 }), [{ since: 5, endedAt: 9 * HOUR }]);
  assert.deepEqual(limitNews([{ since: HOUR, endedAt: 9 * HOUR }], { since: 5, endedAt: 8 * HOUR }), []);
  assert.deepEqual(limitNews([{ since: HOUR + 6 }], { since: 5 }), [{ since: 5, endedAt: HOUR + 6 }, { since: HOUR + 6 }]);
  assert.deepEqual(limitNews([], { since: 5 }), []);
});

test('an owner without the state of the former one goes on with the episode that was told, or ends it', () => {
  const view = (watermark: number) => ({ from: 20 * HOUR, watermark, quietMs: HOUR });
  const told = { since: 5 };
  const first = 20 * HOUR + 9;
  assert.deepEqual(limitNews([{ since: first }], told, view(first)), []);
  assert.deepEqual(limitNews([{ since: first, endedAt: 23 * HOUR }], told, view(24 * HOUR)), [{ since: 5, endedAt: 23 * HOUR }]);
  // What begins after the silence that would have ended it is another one.
  const next = { since: 22 * HOUR };
  const over = { since: 5, endedAt: 21 * HOUR };
  assert.deepEqual(limitNews([next], told, view(22 * HOUR)), [over, next]);
  assert.deepEqual(limitNews([next], over, view(23 * HOUR)), [next]);
  // Nothing was beyond the limit for so long.
  assert.deepEqual(limitNews([], told, view(21 * HOUR)), []);
  assert.deepEqual(limitNews([], told, view(21 * HOUR + 1)), [over]);
  assert.deepEqual(limitNews([], over, view(22 * HOUR)), []);
  // Its end was told: it is not told again.
  const ended = { since: 5, endedAt: 21 * HOUR };
  assert.deepEqual(limitNews([{ since: first, endedAt: 21 * HOUR }], ended, view(22 * HOUR)), []);
  assert.deepEqual(limitNews([{ since: first }], undefined, view(first)), [{ since: first }]);
});

test('whoever loses a state, wherever: one episode, one beginning, and one end', () => {
  const events = fc.array(fc.record({ after: fc.integer({ min: 0, max: 2 * HOUR }), exceeds: fc.boolean(), loses: fc.boolean() }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(events, (all) => {
      const whole = createLimitEpisodes();
      let owned = whole;
      let from = 0;
      const [always, told]: [LimitSpan[], LimitSpan[]] = [[], []];
      let watermark = 0;
      for (const { after, exceeds, loses } of all) {
        const time = watermark + after;
        if (loses) {
          owned = createLimitEpisodes();
          from = time;
        }
        if (exceeds) for (const episodes of new Set([whole, owned])) episodes.note(time, watermark);
        watermark = time;
        always.push(...limitNews(whole.spans(watermark), always.at(-1)));
        told.push(...limitNews(owned.spans(watermark), told.at(-1), { from, watermark, quietMs: HOUR }));
      }
      // What began while nobody could tell whether the one before was over is taken for that.
      const begun = (spans: readonly LimitSpan[]) => spans.filter(({ endedAt }) => endedAt === undefined).map(({ since }) => since);
      const known = new Set(begun(told));
      assert.deepEqual(
        begun(told),
        begun(always).filter((since) => known.has(since)),
        'none is told that does not begin there, and none twice',
      );
      if (!all.some(({ loses }) => loses)) assert.deepEqual(told, always);
      for (const [i, { since, endedAt }] of told.entries()) {
        if (endedAt !== undefined) assert.deepEqual(told[i - 1], { since }, 'an end follows its own beginning');
      }
    }),
    { numRuns: 2_000 },
  );
});

test('who asks seldom, also across restarts, is told the same as who asks after every event', () => {
  const events = fc.array(fc.record({ after: fc.integer({ min: -HOUR, max: 2 * HOUR }), exceeds: fc.boolean(), asks: fc.boolean() }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(events, fc.constantFrom(0, HOUR, 3 * HOUR), (all, outOfOrdernessMs) => {
      let episodes = createLimitEpisodes();
      const always: LimitSpan[] = [];
      const seldom: LimitSpan[] = [];
      const ask = (told: LimitSpan[]): void => void told.push(...limitNews(episodes.spans(watermark), told.at(-1)));
      let watermark = 0;
      let unasked = 0;
      for (const { after, exceeds, asks } of all) {
        const time = watermark + outOfOrdernessMs + after;
        if (exceeds) episodes.note(time, watermark);
        watermark = Math.max(watermark, time - outOfOrdernessMs);
        ask(always);
        // More episodes than are kept cannot begin unasked.
        if (!asks && ++unasked < 8) continue;
        unasked = 0;
        ask(seldom);
        const state = structuredClone(episodes.state());
        episodes = createLimitEpisodes();
        episodes.restore(state);
      }
      ask(seldom);
      assert.deepEqual(seldom, always);
      const firing = always.filter(({ endedAt }) => endedAt === undefined);
      const ended = always.filter(({ endedAt }) => endedAt !== undefined);
      assert.ok(firing.length - ended.length === 0 || firing.length - ended.length === 1, 'one at a time');
      for (const { since, endedAt } of ended) assert.ok(endedAt! >= since + HOUR);
    }),
    { numRuns: 2_000 },
  );
});
