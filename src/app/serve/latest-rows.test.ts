import assert from 'node:assert/strict';
import { test } from 'node:test';
import { windowRow } from '../../../test/server/fake-surface.ts';
import { AppError } from '../../core/errors.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import { latestRows } from './latest-rows.ts';

const US = { country: 'US' };
const away = (): Promise<never> => Promise.reject(new AppError('hot_store_unavailable', 'Redis is away.', { retryable: true }));

function stores({ hot, olap }: { hot?: 'away' | 'empty'; olap?: 'none' | 'away' }) {
  const asked: unknown[] = [];
  const row = windowRow(US);
  const rows = [windowRow({ country: 'KR' }), row];
  const store = {
    async latest(query: { labels?: unknown }) {
      asked.push(query);
      if (olap === 'away') throw new AppError('olap_unavailable', 'ClickHouse is away.', { retryable: true });
      return query.labels ? [row] : rows.toReversed();
    },
  } as unknown as OlapStore;
  const hotStore =
    hot === 'away' ? { latest: away, all: away } : { latest: async () => (hot === 'empty' ? undefined : row), all: async () => rows };
  const latest = latestRows(
    { pipeline: 'ads', measures: [] },
    { hotStore, hotFill: { soon: async () => true }, olap: { store: () => (olap === 'none' ? undefined : store) } },
  );
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

test('what it keeps no more is in the OLAP store; where that is away too, it is not there', async () => {
  assert.equal((await stores({ hot: 'empty' }).latest.one('5m', US)).source, 'olap');
  for (const olap of ['none', 'away'] as const) {
    assert.deepEqual(await stores({ hot: 'empty', olap }).latest.one('5m', US), { source: 'hot', rows: undefined });
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
  const found = await Promise.all(Array.from({ length: 10 }, (_, i) => latest.one('5m', { country: String(i) })));
  assert.equal(asked.length, 4);
  assert.equal(found.filter(({ source }) => source === 'olap').length, 4);
  const fault = { latest: () => Promise.reject(new TypeError('a fault')), all: () => Promise.reject(new TypeError('a fault')) };
  const broken = latestRows(
    { pipeline: 'ads', measures: [] },
    { hotStore: fault, hotFill: { soon: async () => true }, olap: { store: () => undefined } },
  );
  await assert.rejects(broken.one('5m', US), TypeError);
});
