/** What the server shows of a log: windows from where they are kept, alerts, dead letters, topics. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { windowRow } from '../../../test/server/fake-surface.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { lagAlert } from '../../alerts/lag-alert.ts';
import { saidInOf } from '../../alerts/said-in.ts';
import { AppError } from '../../core/errors.ts';
import { systemClock } from '../../core/clock.ts';
import { HOT_HISTORY_MS, type HotStore } from '../../hot-store/hot-store.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { Log } from '../../log/log.ts';
import type { AlertLocale } from '../../receivers/alert-event.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import { toStateChanges } from '../../pipeline/state-codec.ts';
import type { PipelineStatus } from '../../server/api.ts';
import type { HistoryQuery } from '../../server/surface.ts';
import { cursorAfter, parseCursor } from '../../server/window-cursor.ts';
import { mergeRows } from '../../windows/row-merge.ts';
import { rowVersion } from '../../windows/row-version.ts';
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import { episodeIn } from './alert-book.ts';
import { createHotFill } from './hot-fill.ts';
import { createLetterIndex } from './letter-index.ts';
import { createRate } from './rate.ts';
import { createTopicsView } from './topics-view.ts';
import { createWindowHistory } from './window-history.ts';
import { createWindowIndex } from './window-index.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2);
const iso = (minute: number): string => new Date(START + minute * MINUTE).toISOString();

const spec = {
  pipeline: 'ads',
  dimensions: ['country'],
  measures: [{ kind: 'count', name: 'n', source: 'events', where: [] }],
  windows: [
    { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
    { name: '5m', sizeMs: 5 * MINUTE, slideMs: 5 * MINUTE },
  ],
} as unknown as EngineSpec;

function row(minute: number, labels: Record<string, string>, n: number, more: Partial<WindowRow> = {}): WindowRow {
  const times = { window: '1m', window_start: iso(minute), window_end: iso(minute + 1) };
  return windowRow(labels, { ...times, measures: { n }, state: { n }, events: n, ...more });
}

async function openLog(t: TestContext, topics: readonly string[]) {
  const dir = temporary(t);
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock: systemClock, rowBytes: 2_000 });
  t.after(() => log.close());
  for (const topic of topics) await log.ensureTopic(topic, { partitions: 1 });
  return log;
}

async function append(log: Log, topic: string, values: readonly unknown[]): Promise<void> {
  await log.commit({ appends: [{ topic, partition: 0, ...packRecords(values.map((value) => JSON.stringify(value))) }] });
}

/** Which store there is, as its state says; `waited`: somebody waits for one that is starting, until `answer()`. */
function olapSide(store: OlapStore | undefined) {
  const { promise: waited, resolve: waiting } = Promise.withResolvers<void>();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const side = {
    state: (store ? 'ready' : 'none') as PipelineStatus['olap_store'],
    waited,
    answer,
    olap: {
      state: () => side.state,
      store: () => (side.state === 'ready' ? store : undefined),
      async started() {
        if (side.state !== 'starting') return;
        waiting();
        await answered;
      },
    },
  };
  return side;
}

async function history(
  t: TestContext,
  records: readonly WindowRecord[],
  olap?: OlapStore,
  { filled = true, away, empty }: { filled?: boolean; away?: () => boolean; empty?: () => boolean } = {},
) {
  const log = await openLog(t, ['w']);
  const memory = createMemoryHotStore({
    history: [{ pipeline: 'ads', window: '1m', groupings: [['country']], keepMs: 26 * 60 * MINUTE }],
  });
  const gone = (): Promise<never> => Promise.reject(new AppError('hot_store_unavailable', 'Redis is away.', { retryable: true }));
  const hotStore: HotStore = {
    ...memory,
    all: async (...asked) => (away?.() ? gone() : empty?.() ? [] : memory.all(...asked)),
    range: async (...asked) => (empty?.() ? [] : memory.range(...asked)),
    isFilled: async (...asked) => !empty?.() && memory.isFilled(...asked),
  };
  await append(log, 'w', records);
  if (filled) {
    await hotStore.put(records.filter((record) => record.kind === 'row'));
    await hotStore.markFilled('ads');
  }
  const index = createWindowIndex(log, 'w');
  const side = olapSide(olap);
  const read = createWindowHistory(
    { spec, hotHistory: [{ pipeline: spec.pipeline, window: '1m', groupings: [['country']], keepMs: HOT_HISTORY_MS }] },
    { hotStore, hotFill: { soon: async () => filled }, index, olap: side.olap, clock: { now: () => START + 60 * MINUTE } },
  );
  return {
    side,
    log,
    hotStore,
    index,
    read,
    ask: async (query: Partial<HistoryQuery> = {}) => {
      const { points, source, truncated } = await read({ window: '1m', labels: {}, limit: 1_000, ...query });
      return {
        source,
        truncated,
        points: points.map(({ window_start, labels, measures }) => [window_start, labels['country'] ?? null, measures['n']]),
      };
    },
  };
}

test('one segment comes from memory, several from the log with the open window from memory', async (t) => {
  const records = [row(0, { country: 'US' }, 1), row(0, { country: 'KR' }, 2), row(0, {}, 3), row(1, { country: 'US' }, 4)];
  const { ask, hotStore } = await history(t, records);
  await hotStore.put([row(2, { country: 'US' }, 5, { final: false })]);
  const us = [
    [iso(0), 'US', 1],
    [iso(1), 'US', 4],
    [iso(2), 'US', 5],
  ];
  assert.deepEqual(await ask({ labels: { country: 'US' } }), { source: 'hot', truncated: false, points: us });
  assert.deepEqual(await ask({ labels: { country: 'US' }, grouping: [] }), { source: 'log', truncated: false, points: [] });
  assert.deepEqual((await ask()).points, [[iso(0), 'KR', 2], us[0], [iso(0), null, 3], us[1], us[2]]);
  const behind = { labels: { country: 'US' }, after: parseCursor(cursorAfter({ window_start: iso(0), labels: { country: 'US' } })) };
  const goesOn = await ask({ ...behind, from: START - 2 * HOT_HISTORY_MS });
  assert.deepEqual(goesOn, { source: 'hot', truncated: false, points: us.slice(1) }, 'what lies before is not looked through again');
  assert.deepEqual((await ask({ ...behind, from: START + 2 * MINUTE })).points, us.slice(2));
  assert.deepEqual((await ask({ grouping: [] })).points, [[iso(0), null, 3]]);
});

test('the newest come where no beginning is named, else the first; what is left out is said', async (t) => {
  const { ask, read } = await history(
    t,
    Array.from({ length: 10 }, (_, i) => row(i, {}, i)),
  );
  const { next = '' } = await read({ window: '1m', labels: {}, limit: 7, from: START });
  const rest = await ask({ limit: 7, after: parseCursor(next) });
  assert.deepEqual([rest.truncated, rest.points.map(([start]) => start)], [false, [iso(7), iso(8), iso(9)]]);
  assert.deepEqual(await ask({ limit: 2 }), {
    source: 'log',
    truncated: true,
    points: [
      [iso(8), null, 8],
      [iso(9), null, 9],
    ],
  });
  const { points, truncated } = await ask({ limit: 2, from: START + 3 * MINUTE, to: START + 5 * MINUTE });
  assert.deepEqual(
    { points, truncated },
    {
      points: [
        [iso(3), null, 3],
        [iso(4), null, 4],
      ],
      truncated: false,
    },
  );
});

test('an end without a beginning: the newest of the hour before it; what a store has that is away is told as missing', async (t) => {
  const records = Array.from({ length: 300 }, (_, i) => row(i, { country: 'US' }, i));
  const { ask, read, log, side } = await history(t, records);
  const spanOf = (points: readonly unknown[][]): unknown[] => [points.length, points[0]![0], points.at(-1)![0]];
  const { source, points } = await ask({ labels: { country: 'US' }, to: START + 100 * MINUTE });
  assert.deepEqual([source, ...spanOf(points)], ['hot', 60, iso(40), iso(99)]);
  assert.deepEqual(spanOf((await ask({ to: START + 100 * MINUTE })).points), [60, iso(40), iso(99)]);
  assert.deepEqual(spanOf((await ask({ to: START + 100 * MINUTE, limit: 2 })).points), [2, iso(98), iso(99)]);
  assert.deepEqual(spanOf((await ask({ to: START + 900 * MINUTE })).points), [61, iso(239), iso(299)], 'an end that is still to come');
  await append(log, 'w', [{ kind: 'closed', pipeline: 'ads', window: '1m', window_start: iso(299), window_end: iso(300), idle: [] }]);
  await log.ensureTopic('w', { partitions: 1, retentionBytes: 1 });
  await log.applyRetention();
  side.state = 'away';
  assert.equal((await read({ window: '1m', labels: {}, limit: 10, to: START + 100 * MINUTE })).older_missing, true);
});

test('rows of another origin are known as such, whatever their labels are', async (t) => {
  const { index } = await history(t, [row(1, { country: 'US' }, 1), row(2, { origin: '' }, 1, { origin: 'replay' })]);
  const from = (minute: number): number => START + minute * MINUTE;
  assert.deepEqual(await Promise.all([1, 2].map((minute) => index.hasOtherOrigins('1m', from(minute), from(minute + 1)))), [false, true]);
  assert.equal(await index.newest('1m'), from(2));
});

test('through the index it is what all of the topic gives, also of what came since', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          minute: fc.nat(30),
          n: fc.nat(9),
          version: fc.integer({ min: 1, max: 9 }),
          revision: fc.integer({ min: 1, max: 3 }),
          country: fc.constantFrom('US', 'KR'),
          origin: fc.constantFrom('', '', 'replay'),
          window: fc.constantFrom('1m', '5m'),
        }),
        { maxLength: 60 },
      ),
      fc.nat(60),
      fc.nat(30),
      fc.nat(30),
      fc.constantFrom({}, { country: 'US' }),
      async (entries, cut, a, b, labels) => {
        const rows = entries.map(({ minute, n, version, revision, country, origin, window }) =>
          row(minute, { country }, n, { version: rowVersion(revision, 'final', version), origin, window }),
        );
        // Of one segment the hot store would answer, which has nothing of what comes after.
        const { log, ask } = await history(t, rows.slice(0, cut), undefined, { filled: labels.country === undefined });
        const query = { from: START + Math.min(a, b) * MINUTE, to: START + Math.max(a, b) * MINUTE, grouping: ['country'], labels };
        await ask(query);
        await append(log, 'w', rows.slice(cut));
        const wanted = rows.filter(
          ({ window, window_start }) => window === '1m' && window_start >= iso(Math.min(a, b)) && window_start < iso(Math.max(a, b)),
        );
        const expected = mergeRows(wanted, spec.measures)
          .map(({ window_start, labels: found, measures }) => [window_start, found['country'], measures['n']])
          .filter(([, country]) => labels.country === undefined || country === labels.country);
        assert.deepEqual((await ask(query)).points, expected);
      },
    ),
    { numRuns: 15 },
  );
});

test('a window that was computed anew has none of the rows that it no longer consists of, whatever is asked for', async (t) => {
  const of = (revision: number): Partial<WindowRow> => ({ version: rowVersion(revision, 'final', 1) });
  const before = [row(0, { country: 'US' }, 1, of(1)), row(0, { country: 'KR' }, 2, of(1)), row(1, { country: 'KR' }, 3, of(1))];
  const anew = row(0, { country: 'US' }, 4, of(2));
  const { ask, hotStore, log } = await history(t, [...before, anew]);
  const [us, kr] = [
    [iso(0), 'US', 4],
    [iso(1), 'KR', 3],
  ];
  assert.deepEqual((await ask()).points, [us, kr], 'a window that has no newer rows stays');
  assert.deepEqual((await ask({ grouping: ['country'], from: START, to: START + MINUTE })).points, [us]);
  assert.deepEqual((await ask({ grouping: [] })).points, []);
  // KR has no row in the last window that was computed anew, and the hot store holds its last one.
  await append(log, 'w', [row(1, { country: 'US' }, 5, of(2))]);
  await hotStore.put([row(1, { country: 'US' }, 5, of(2))]);
  assert.deepEqual((await ask()).points, [us, [iso(1), 'US', 5]]);
  await hotStore.put([row(2, { country: 'KR' }, 6, of(1)), row(2, { country: 'US' }, 7, { ...of(2), final: false })]);
  assert.deepEqual((await ask()).points.slice(2), [[iso(2), 'US', 7]], 'nor has one that is open');
});

test('while the hot store is not filled yet the newest come from the log, and the open window from memory', async (t) => {
  const records = Array.from({ length: 200 }, (_, i) => row(i, { country: 'US' }, i));
  const { ask, hotStore } = await history(t, records, undefined, { filled: false });
  const last = async (): Promise<unknown> => {
    const { source, points } = await ask({ labels: { country: 'US' } });
    return [source, points.length, points[0]![2], points.at(-1)![2]];
  };
  assert.deepEqual(await last(), ['log', 61, 139, 199]);
  // The oldest are filled in first.
  await hotStore.put(records.slice(0, 3));
  assert.deepEqual(await last(), ['log', 61, 139, 199]);
  await hotStore.put([row(200, { country: 'US' }, 200, { final: false })]);
  assert.deepEqual(await last(), ['log', 61, 140, 200]);
});

test('a question right after the start waits until the hot store is filled, but not for ever', async () => {
  const fill = createHotFill({ waitMs: 60_000 });
  const waiting = Array.from({ length: 20 }, () => fill.soon());
  fill.done();
  assert.ok((await Promise.all([...waiting, fill.soon()])).every(Boolean));
  assert.equal(await createHotFill({ waitMs: 1 }).soon(), false);
});

test('what retention has taken comes from the OLAP store', async (t) => {
  const stored = [row(0, {}, 1), row(1, {}, 2), row(2, {}, 3)];
  const olap = {
    async *windows({ from = -Infinity, to = Infinity }: { from?: number; to?: number }) {
      yield* stored.filter(({ window_start }) => Date.parse(window_start) >= from && Date.parse(window_start) < to);
    },
  } as unknown as OlapStore;
  const closed = (minute: number): WindowRecord => ({
    kind: 'closed',
    pipeline: 'ads',
    window: '1m',
    window_start: iso(minute),
    window_end: iso(minute + 1),
    idle: [],
  });
  const { log, index, ask, read, side } = await history(t, [], olap);
  for (const record of [stored[0]!, closed(0), stored[1]!, closed(1), stored[2]!, closed(2)]) await append(log, 'w', [record]);
  assert.equal(await index.wholeFrom(), -Infinity);
  const all = [0, 1, 2].map((minute) => [iso(minute), null, minute + 1]);
  assert.deepEqual(await ask({ from: START }), { source: 'log', truncated: false, points: all });
  await log.ensureTopic('w', { partitions: 1, retentionBytes: 1 });
  await log.applyRetention();
  assert.ok((await log.bounds('w', 0)).start > 0);
  assert.deepEqual(await ask({ from: START }), { source: 'olap', truncated: false, points: all });
  side.state = 'starting';
  const asked = read({ window: '1m', labels: {}, limit: 10, from: START });
  await side.waited;
  side.state = 'ready';
  side.answer();
  assert.deepEqual([(await asked).points.length, (await asked).older_missing], [3, undefined], 'one that is starting is waited for');
  // Nothing is in memory: how far back the newest hour is, the OLAP store alone knows.
  side.state = 'starting';
  const newest = read({ window: '1m', labels: {}, limit: 10 });
  side.state = 'ready';
  assert.equal((await newest).points.length, 3);
  side.state = 'away';
  assert.equal((await read({ window: '1m', labels: {}, limit: 10 })).older_missing, true);
  const short = await read({ window: '1m', labels: {}, limit: 10, from: START });
  assert.deepEqual([short.source, short.older_missing], ['log', true]);
  assert.ok(short.points.length < 3);
});

test('while the hot store is away the OLAP store answers, with what only the log has; without both a beginning has to be named', async (t) => {
  const stored = [row(0, { country: 'US' }, 1), row(1, { country: 'US' }, 2)];
  const lookedAt: unknown[] = [];
  const olap = {
    async *windows(query: unknown) {
      lookedAt.push(query);
      yield* stored;
    },
    latest: async () => [stored[1]!],
  } as unknown as OlapStore;
  let away = true;
  const newer = row(2, { country: 'US' }, 3);
  const { ask, read } = await history(t, [stored[1]!, newer], olap, { away: () => away });
  const points = [0, 1, 2].map((minute) => [iso(minute), 'US', minute + 1]);
  assert.deepEqual(await ask({ labels: { country: 'US' } }), { source: 'olap', truncated: false, points });
  assert.equal(lookedAt.length, 1);
  const query = { window: '1m', labels: { country: 'US' }, limit: 10 };
  assert.equal((await read(query)).age, 57 * MINUTE);
  away = false;
  assert.equal((await read(query)).source, 'hot');
  away = true;
  const alone = await history(t, [newer], undefined, { away: () => away });
  await assert.rejects(alone.read(query), { code: 'hot_store_unavailable' });
  assert.deepEqual(await alone.ask({ from: START }), { source: 'log', truncated: false, points: points.slice(2) });
});

test('an OLAP store that goes away while the hot store is away is not taken for a fault of ours', async (t) => {
  const olap = { latest: async () => [], async *windows() {} } as unknown as OlapStore;
  const { read, side, index } = await history(t, [row(0, { country: 'US' }, 1)], olap, { away: () => true });
  const { wholeFrom } = index;
  index.wholeFrom = async () => {
    side.state = 'away';
    return wholeFrom();
  };
  await assert.rejects(read({ window: '1m', labels: {}, limit: 10 }), { code: 'hot_store_unavailable', retryable: true });
});

test('where dead letters were replayed, and late partitions added, a served segment has them too, once', async (t) => {
  const main = [0, 1, 2, 3].map((minute) => row(minute, { country: 'US' }, 10, { version: '5' }));
  const { log, ask } = await history(t, main);
  const us = { labels: { country: 'US' } };
  const asMerged = async (rows: readonly WindowRow[], query: Partial<HistoryQuery> = {}): Promise<void> => {
    const merged = mergeRows(rows, spec.measures).map(({ window_start, measures }) => [window_start, 'US', measures['n']]);
    assert.deepEqual((await ask({ ...us, ...query })).points, merged);
  };
  await asMerged(main);
  assert.equal((await ask(us)).source, 'hot');

  const replayed = row(1, { country: 'US' }, 3, { origin: 'replay', version: '1' });
  const late = row(2, { country: 'US' }, 4, { origin: 'ads/1', version: '1' });
  await append(log, 'w', [replayed, late]);
  await asMerged([...main, replayed, late]);
  assert.deepEqual(
    (await ask(us)).points.map((point) => point[2]),
    [10, 13, 14, 10],
  );
  assert.equal((await ask(us)).source, 'log');

  await append(log, 'w', [row(1, { country: 'US' }, 5, { origin: 'replay', version: '2' })]);
  assert.deepEqual((await ask({ ...us, from: START + MINUTE, to: START + 2 * MINUTE })).points, [[iso(1), 'US', 15]]);
  assert.equal((await ask({ ...us, from: START + 3 * MINUTE })).source, 'hot', 'a span that nothing was added to');
});

test('a span that the log keeps no more may have had more than its main rows: the OLAP store is asked', async (t) => {
  const [main, replayed] = [row(0, { country: 'US' }, 10), row(0, { country: 'US' }, 3, { origin: 'replay' })];
  const newer = row(1, { country: 'US' }, 20);
  const closed = (minute: number) => ({ ...row(minute, {}, 0), kind: 'closed' }) as unknown as WindowRecord;
  const olap = {
    async *windows() {
      yield* [main, replayed];
    },
  } as unknown as OlapStore;
  const { log, hotStore, ask } = await history(t, [main], olap);
  for (const record of [replayed, closed(0), newer, closed(1), row(2, { country: 'US' }, 30)]) await append(log, 'w', [record]);
  await hotStore.put([newer, row(2, { country: 'US' }, 30)]);
  await log.ensureTopic('w', { partitions: 1, retentionBytes: 1_200 });
  await log.applyRetention();
  const { start, end } = await log.bounds('w', 0);
  assert.ok(start >= 2 && end > start, 'the rows of the first window are gone');
  const { source, points } = await ask({ labels: { country: 'US' }, from: START, to: START + MINUTE });
  assert.deepEqual([source, points], ['olap', [[iso(0), 'US', 13]]]);
});

test('a hot store that came up empty does not answer before it is filled again', async (t) => {
  let empty = true;
  const records = [row(0, { country: 'US' }, 1), row(1, { country: 'US' }, 2)];
  const { ask } = await history(t, records, undefined, { empty: () => empty });
  const points = [0, 1].map((minute) => [iso(minute), 'US', minute + 1]);
  assert.deepEqual(await ask({ labels: { country: 'US' } }), { source: 'log', truncated: false, points });
  empty = false;
  assert.deepEqual(await ask({ labels: { country: 'US' } }), { source: 'hot', truncated: false, points });
});

test('a hot store that is filled and knows no window does not answer for the log', async (t) => {
  const { ask, hotStore, log } = await history(t, []);
  await hotStore.markFilled('ads');
  await append(log, 'w', [row(0, { country: 'US' }, 1), row(500, { country: 'US' }, 2)]);
  const us = { labels: { country: 'US' } };
  const [first, last] = [
    [iso(0), 'US', 1],
    [iso(500), 'US', 2],
  ];
  assert.deepEqual(await ask({ ...us, from: START }), { source: 'log', truncated: false, points: [first, last] });
  assert.deepEqual(await ask(us), { source: 'log', truncated: false, points: [last] }, 'the last hour there is');
});

test('dead letters: counted by reason, an origin judged again once, the newest first, with the verdict of a replay', async (t) => {
  const log = await openLog(t, ['d']);
  const letters = createLetterIndex(log, { pipeline: 'ads', topic: 'd', readAnew: async () => anew });
  let anew: { revision: number; from: Record<string, number> }[] = [];
  const letter = (offset: number, reason: string, revision?: number) => ({
    ...(revision !== undefined && { revision }),
    topic: 'raw',
    partition: 0,
    offset,
    outcome: reason === 'late' ? 'late' : 'invalid',
    reason,
    payload: 'x',
  });
  await append(log, 'd', [letter(1, 'late'), letter(2, 'missing:country'), letter(3, 'missing:id')]);
  assert.deepEqual(
    (await letters.list({ limit: 2 })).dead_letters.map(({ origin }) => origin),
    ['raw/0/3', 'raw/0/2'],
  );
  await append(log, 'd', [letter(1, 'bad_json'), letter(2, 'missing:country')]);
  await log.commit({ state: toStateChanges('aggregate/ads/raw/0/verdict/', [['raw/0/2', { outcome: 'accepted' }]]) });
  const { by_reason, dead_letters } = await letters.list({ reason: 'missing', limit: 10 });
  assert.deepEqual(by_reason, { 'missing:id': 1, bad_json: 1, 'missing:country': 1 });
  assert.deepEqual(
    dead_letters.map(({ origin, replay, payload }) => [origin, replay, payload]),
    [
      ['raw/0/2', 'accepted', 'x'],
      ['raw/0/3', null, 'x'],
    ],
  );
  assert.deepEqual((await letters.list({ outcome: 'late', limit: 10 })).dead_letters, []);
  anew = [{ revision: 2, from: { 'raw/0': 2 } }];
  await append(log, 'd', [letter(3, 'missing:id', 2), letter(4, 'late', 1)]);
  assert.deepEqual((await letters.list({ limit: 10 })).by_reason, { bad_json: 1, 'missing:id': 1 });
  assert.equal(await letters.count(), 2);
});

test('messages from an offset or from the end; topics that may be pushed to', async (t) => {
  const log = await openLog(t, ['raw', 'ads.windows']);
  const topics = createTopicsView([], { log, clock: systemClock });
  await log.commit({
    appends: [{ topic: 'raw', partition: 0, ...packRecords(['a', null, 'c'], ['k', undefined, undefined]) }],
    state: toStateChanges('pipeline/', [['ads', { name: 'ads', topics: { windows: 'ads.windows' } }]]),
  });
  const shown = async (offset: number, limit = 20) =>
    (await topics.messages('raw', { partition: 0, offset, limit })).messages.map(({ offset: at, key, value }) => [at, key, value]);
  assert.deepEqual(await shown(0), [
    [0, 'k', 'a'],
    [1, null, null],
    [2, null, 'c'],
  ]);
  assert.deepEqual(await shown(-1), [[2, null, 'c']]);
  assert.deepEqual(await shown(-99, 1), [[0, 'k', 'a']]);
  assert.deepEqual(await shown(3), []);
  await assert.rejects(topics.messages('rax', { partition: 0, offset: 0, limit: 1 }), {
    code: 'topic_unknown',
    message: /did you mean raw/,
  });
  await assert.rejects(topics.messages('raw', { partition: 1, offset: 0, limit: 1 }), { code: 'topic_unknown' });
  await assert.rejects(topics.pushTarget('ads.windows'), { code: 'topic_conflict', message: /written by pipeline ads alone/ });
  await assert.rejects(topics.pushTarget('x'), { code: 'topic_unknown', message: /expected one of: raw$/ });
  const target = await topics.pushTarget('raw');
  assert.equal(await target.append(0, { bytes: Buffer.from('d'), ends: Uint32Array.of(1) }), 3);
});

test('what a topic is written by is asked again after it could not be read', async (t) => {
  const log = await openLog(t, ['raw', 'ads.windows']);
  await log.commit({ state: toStateChanges('pipeline/', [['ads', { name: 'ads', topics: { windows: 'ads.windows' } }]]) });
  let fails = true;
  const state: Log['state'] = async (prefix) => {
    if (fails) throw new Error('the disk is away');
    return log.state(prefix);
  };
  const { pushTarget } = createTopicsView([], { log: { ...log, state }, clock: systemClock });
  await assert.rejects(pushTarget('ads.windows'), /the disk is away/);
  fails = false;
  await assert.rejects(pushTarget('ads.windows'), { code: 'topic_conflict' });
  assert.equal((await pushTarget('raw')).partitions, 1);
});

test('topics are listed for a push only now and then', async (t) => {
  const log = await openLog(t, ['raw']);
  let [now, listed] = [0, 0];
  const topics: Log['topics'] = () => {
    listed += 1;
    return log.topics();
  };
  const { pushTarget } = createTopicsView([], { log: { ...log, topics }, clock: { elapsed: () => now } });
  for (now = 0; now <= 5_000; now += 1_000) assert.equal((await pushTarget('raw')).partitions, 1);
  assert.equal(listed, 1);
  now = 5_001;
  await pushTarget('raw');
  assert.equal(listed, 2);
});

test('what waits for the slowest reader, in records and bytes', async (t) => {
  const log = await openLog(t, ['raw', 'unread']);
  const offsets = [0, 0];
  const readers = offsets.map((_, i) => ({
    config: { engine: { pipeline: 'p', sources: [] }, topics: {} },
    engine: { partitions: () => [{ name: 'raw/0', offset: offsets[i] }] },
  }));
  const topics = createTopicsView(readers as unknown as Parameters<typeof createTopicsView>[0], { log, clock: systemClock });
  const raw = await topics.pushTarget('raw');
  for (const text of ['abc', 'de', 'f']) await raw.append(0, packRecords([text, text]));
  assert.deepEqual(await raw.backlog(0), { records: 6, bytes: 12 });
  offsets[0] = 6;
  // A push counts until all of it is read.
  offsets[1] = 3;
  assert.deepEqual(await raw.backlog(0), { records: 3, bytes: 6 });
  offsets[1] = 6;
  assert.deepEqual(await raw.backlog(0), { records: 0, bytes: 0 });
  const unread = await topics.pushTarget('unread');
  await unread.append(0, packRecords(['x']));
  assert.deepEqual(await unread.backlog(0), { records: 0, bytes: 0 });
});

test('the rate is that of the last ten seconds', () => {
  const rate = createRate();
  assert.equal(rate.perSecond(), 0);
  for (let second = 0; second <= 30; second++) rate.sample(second <= 20 ? 0 : (second - 20) * 100, second * 1_000);
  assert.equal(rate.perSecond(), 100);
  rate.sample(1_000, 31_000);
  assert.equal(rate.perSecond(), 90);
});

test('an episode that is over is said in another language as it began', () => {
  const limit = (locale: AlertLocale, status: 'firing' | 'resolved') =>
    lagAlert({
      pipeline: 'ads',
      window: '1m',
      unit: 's',
      observed: 90,
      limit: 60,
      worst: 'ads/0',
      since: START,
      now: START + MINUTE,
      status,
      locale,
    });
  const saidIn = saidInOf([]);
  const over = { ...limit('en', 'firing'), status: 'resolved', resolved_time: iso(2) } as const;
  assert.deepEqual(episodeIn(over, 'ko', saidIn), { ...limit('ko', 'firing'), status: 'resolved', resolved_time: iso(2) });
  // Of which only the end is kept.
  const end = { ...limit('en', 'resolved'), resolved_time: iso(1) };
  assert.deepEqual(episodeIn(end, 'ko', saidIn), { ...limit('ko', 'resolved'), resolved_time: iso(1) });
});
