import assert from 'node:assert/strict';
import { test } from 'node:test';
import { windowRow } from '../../../test/server/fake-surface.ts';
import { AppError } from '../../core/errors.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import type { PipelineStatus } from '../../server/api.ts';
import type { WindowRow } from '../../windows/row.ts';
import { latestRows } from './latest-rows.ts';
import type { OlapSide } from './olap-side.ts';

const US = { country: 'US' };
const away = (): Promise<never> => Promise.reject(new AppError('hot_store_unavailable', 'Redis is away.', { retryable: true }));

interface State {
  readonly hot?: 'away' | 'empty';
  readonly olap?: 'none' | 'missing' | 'away' | 'known to be away' | 'starting' | 'slow to start';
  /** What the hot store has so far, being filled. */
  readonly filling?: readonly WindowRow[];
}

function stores({ hot, olap, filling }: State) {
  const asked: unknown[] = [];
  const row = windowRow(US);
  const rows = [windowRow({ country: 'KR' }), row];
  const isFilled = async (): Promise<boolean> => filling === undefined;
  const held = filling ?? rows;
  const store = {
    async latest(query: { labels?: unknown }) {
      asked.push(query);
      if (olap === 'away') throw new AppError('olap_unavailable', 'ClickHouse is away.', { retryable: true });
      return query.labels ? [row] : rows.toReversed();
    },
  } as unknown as OlapStore;
  const hotStore =
    hot === 'away'
      ? { latest: away, all: away, isFilled: away }
      : {
          latest: async () => (hot === 'empty' ? undefined : held.find(({ labels }) => labels['country'] === 'US')),
          all: async () => (hot === 'empty' ? [] : [...held]),
          isFilled,
        };
  let state: PipelineStatus['olap_store'] =
    olap === 'none' || olap === 'missing' ? olap : olap === 'known to be away' ? 'away' : olap?.includes('start') ? 'starting' : 'ready';
  const side: Pick<OlapSide, 'state' | 'store' | 'started'> = {
    state: () => state,
    store: () => (state === 'ready' ? store : undefined),
    started: async () => void (olap === 'starting' && (state = 'ready')),
  };
  const latest = latestRows({ pipeline: 'ads', measures: [] }, { hotStore, hotFill: { soon: async () => true }, olap: side });
  return { latest, asked };
}

test('the hot store answers alone while it is there', async () => {
  const { latest, asked } = stores({});
  assert.deepEqual((await latest.one('5m', US)).source, 'hot');
  assert.deepEqual((await latest.all('5m')).source, 'hot');
  assert.deepEqual(asked, []);
});

test('while it is away the OLAP store does, and says so; the same question is asked once at a time', async () => {
  const { latest, asked } = stores({ hot: 'away' });
  const found = await Promise.all([latest.one('5m', US), latest.one('5m', US), latest.all('5m')]);
  assert.deepEqual(found.map(({ source }) => source), ['olap', 'olap', 'olap']); // prettier-ignore
  assert.deepEqual(found[0].rows, windowRow(US));
  assert.deepEqual(
    found[2].rows.map(({ labels }) => labels['country']),
    ['KR', 'US'],
  );
  assert.equal(asked.length, 2);
});

test('what it keeps no more is in the OLAP store; without one it is nowhere, and while that is away it is not known', async () => {
  assert.equal((await stores({ hot: 'empty' }).latest.one('5m', US)).source, 'olap');
  assert.deepEqual(await stores({ hot: 'empty', olap: 'none' }).latest.one('5m', US), { source: 'hot', rows: undefined });
  for (const [olap, why] of [
    ['away', /did not answer.*ClickHouse is away\./],
    ['known to be away', /which may have it, is away; ask again/],
  ] as const) {
    const isUnknown = ({ code, retryable, message }: AppError): boolean => code === 'olap_unavailable' && retryable && why.test(message);
    await assert.rejects(stores({ hot: 'empty', olap }).latest.one('5m', US), isUnknown);
    assert.equal((await stores({ olap }).latest.one('5m', US)).source, 'hot', 'what is there is answered');
  }
});

test('one that keeps nothing any more has all of it from the OLAP store', async () => {
  const { latest } = stores({ hot: 'empty' });
  const { source, rows } = await latest.all('5m');
  assert.deepEqual([source, rows.map(({ labels }) => labels['country'])], ['olap', ['KR', 'US']]);
  assert.deepEqual(await stores({ hot: 'empty', olap: 'none' }).latest.all('5m'), { source: 'hot', rows: [] });
});

test('what it keeps no more waits for an OLAP store that starts, and is not said to be nowhere before that has answered', async () => {
  assert.deepEqual(await stores({ hot: 'empty', olap: 'starting' }).latest.one('5m', US), { source: 'olap', rows: windowRow(US) });
  const isUnknown = (error: AppError): boolean =>
    error.code === 'olap_unavailable' && error.retryable && /still starting/.test(error.message);
  await assert.rejects(stores({ hot: 'empty', olap: 'slow to start' }).latest.one('5m', US), isUnknown);
  // What is there is answered at once.
  assert.equal((await stores({ olap: 'slow to start' }).latest.one('5m', US)).source, 'hot');
});

test('while the hot store fills after it came up empty, each row is the newer one of both stores', async () => {
  const start = windowRow(US).window_start;
  const before = { ...windowRow(US), window_start: new Date(Date.parse(start) - 60_000).toISOString() };
  const sources = async ({ latest }: ReturnType<typeof stores>): Promise<string[]> => {
    const [one, all] = [await latest.one('5m', US), await latest.all('5m')];
    assert.deepEqual(
      all.rows.map(({ labels }) => labels['country']),
      all.rows.length === 1 ? ['US'] : ['KR', 'US'],
    );
    assert.deepEqual(all.rows.at(-1), one.rows);
    return [one.source, all.source, one.rows!.window_start];
  };
  assert.deepEqual(await sources(stores({ filling: [before] })), ['olap', 'olap', start]);
  assert.deepEqual(await sources(stores({ filling: [before], olap: 'away' })), ['hot', 'hot', before.window_start]);
  const after = { ...before, window_start: new Date(Date.parse(start) + 60_000).toISOString() };
  assert.deepEqual(await sources(stores({ filling: [after] })), ['hot', 'olap', after.window_start]);
  const corrected = { ...windowRow(US), version: String(BigInt(windowRow(US).version) + 1n) };
  assert.equal((await stores({ filling: [corrected] }).latest.one('5m', US)).source, 'hot');
});

test('while the hot store fills, and there is no OLAP store, a segment that it has not is not said to be nowhere', async () => {
  for (const olap of ['none', 'missing'] as const) {
    const { latest } = stores({ filling: [windowRow({ country: 'KR' })], olap });
    const isUnknown = ({ code, retryable, message }: AppError): boolean =>
      code === 'hot_store_unavailable' && retryable && /has no such segment, and is not filled from the log yet; ask again/.test(message);
    await assert.rejects(latest.one('5m', US), isUnknown);
    assert.deepEqual((await latest.all('5m')).rows, [windowRow({ country: 'KR' })]);
    assert.deepEqual(await stores({ filling: [windowRow(US)], olap }).latest.one('5m', US), { source: 'hot', rows: windowRow(US) });
  }
});

test('where both are away, both are named, and it may be tried again', async () => {
  for (const [olap, text] of [
    ['none', /Redis is away\. The OLAP store is not there either/],
    ['away', /Redis is away\. ClickHouse is away\./],
  ] as const) {
    // prettier-ignore
    const { latest } = stores({ hot: 'away', olap });
    for (const ask of [() => latest.one('5m', US), () => latest.all('5m')]) {
      await assert.rejects(ask, (error: AppError) => error.code === 'hot_store_unavailable' && error.retryable && text.test(error.message));
    }
  }
});

test('at most so many questions at a time; a fault of ours is not hidden', async () => {
  const { latest, asked } = stores({ hot: 'empty' });
  const found = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => latest.one('5m', { country: String(i) })));
  assert.equal(asked.length, 4);
  assert.equal(found.filter((each) => each.status === 'fulfilled' && each.value.source === 'olap').length, 4);
  const refused = found.flatMap((each) => (each.status === 'rejected' ? [each.reason as AppError] : []));
  assert.deepEqual([...new Set(refused.map(({ code }) => code))], ['olap_unavailable'], 'not that there is no such segment');
  assert.match(refused[0]!.message, /has too much to do; ask again/);
  const failing = (): Promise<never> => Promise.reject(new TypeError('a fault'));
  const fault = { latest: failing, all: failing, isFilled: failing };
  const broken = latestRows(
    { pipeline: 'ads', measures: [] },
    {
      hotStore: fault,
      hotFill: { soon: async () => true },
      olap: { state: () => 'none', store: () => undefined, started: async () => {} },
    },
  );
  await assert.rejects(broken.one('5m', US), TypeError);
});
