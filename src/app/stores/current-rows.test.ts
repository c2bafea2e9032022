import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { testHotStore } from '../../../test/contract/hot-store.ts';
import { HOT_T0, hotRow } from '../../../test/support/hot-row.ts';
import { service } from '../../../test/support/services.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { HOT_HISTORY_MS, type HotStore, type HotStoreConfig } from '../../hot-store/hot-store.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { createRedisHotStore } from '../../hot-store/redis/redis-store.ts';
import { rowVersion } from '../../windows/row-version.ts';
import type { WindowRow } from '../../windows/row.ts';
import { withCurrentRows } from './current-rows.ts';

const MINUTE = 60_000;
const redis = service('redis');
const SERVED: HotStoreConfig = { history: [{ pipeline: 'ads', window: '1m', groupings: [['country']], keepMs: HOT_HISTORY_MS }] };

const row = (country: string, minute: number, revision: number, change: Partial<WindowRow> = {}): WindowRow =>
  hotRow(minute, { labels: { country }, version: rowVersion(revision, 'final', 1), ...change });

const told = (rows: readonly (WindowRow | undefined)[]): unknown[] =>
  rows.map((each) => each && [each.labels['country'], (Date.parse(each.window_start) - HOT_T0) / MINUTE]);

/** US and KR for three minutes; computed anew KR has the first minute alone. */
const BEFORE = [0, 1, 2].flatMap((minute) => [row('US', minute, 1), row('KR', minute, 1)]);
const ANEW = [row('US', 0, 2), row('KR', 0, 2), row('US', 1, 2), row('US', 2, 2)];

function testCurrentRows(name: string, open: (config: HotStoreConfig) => Promise<HotStore>, skip: string | false): void {
  describe(`current rows: ${name}`, { skip }, () => {
    const withStore = async (work: (store: HotStore) => Promise<void>, config = SERVED): Promise<void> => {
      const store = withCurrentRows(await open(config));
      try {
        await work(store);
      } finally {
        await store.close();
      }
    };
    const range = (store: HotStore, country: string) => store.range('ads', '1m', { country }, 0, Number.MAX_SAFE_INTEGER);

    for (const [order, rows] of [
      ['as they stand in the log', [...BEFORE, ...ANEW]],
      ['the older ones last, as the log fills a store that has newer ones', [...ANEW, ...BEFORE]],
    ] as const) {
      it(`of a window that was computed anew its newest revision alone is there: ${order}`, () =>
        withStore(async (store) => {
          await store.put(rows);
          assert.deepEqual(told([await store.latest('ads', '1m', { country: 'KR' })]), [['KR', 0]]);
          assert.deepEqual(told(await store.all('ads', '1m')), [['KR', 0], ['US', 2]]); // prettier-ignore
          assert.deepEqual(told(await range(store, 'KR')), [['KR', 0]]);
          assert.deepEqual(told(await range(store, 'US')), [['US', 0], ['US', 1], ['US', 2]]); // prettier-ignore
        }));
    }

    it('a series that none of them has is gone; windows without newer rows stay, and other windows and pipelines', () =>
      withStore(async (store) => {
        const others = [row('KR', 2, 1, { window: '5m' }), row('KR', 2, 1, { pipeline: 'shop' })];
        await store.put([...BEFORE, ...others, row('JP', 0, 1), row('US', 0, 2)]);
        assert.deepEqual(told(await store.all('ads', '1m')), [['KR', 2], ['US', 2]]); // prettier-ignore
        assert.equal(await store.latest('ads', '1m', { country: 'JP' }), undefined);
        assert.deepEqual(told(await range(store, 'KR')), [['KR', 1], ['KR', 2]]); // prettier-ignore
        for (const each of others) assert.deepEqual(await store.latest(each.pipeline, each.window, each.labels), each);
      }));

    it('of series without history the last row is gone, until there is one that counts', () =>
      withStore(
        async (store) => {
          await store.put([...BEFORE, ...ANEW]);
          assert.deepEqual(told(await store.all('ads', '1m')), [['US', 2]]);
          await store.put([row('KR', 3, 2)]);
          assert.deepEqual(told(await store.all('ads', '1m')), [['KR', 3], ['US', 2]]); // prettier-ignore
        },
        { history: [] },
      ));
  });
}

const memory = async (config: HotStoreConfig): Promise<HotStore> => createMemoryHotStore(config);

testHotStore('memory, current rows', async (config) => withCurrentRows(await memory(config)));
testCurrentRows('memory', memory, false);
testCurrentRows(
  'redis',
  (config) => {
    const url = `redis://${redis.address}?prefix=${randomUUID()}`;
    return createRedisHotStore({ ...config, url, dimensions: { ads: ['country'] } }, { clock: systemClock, logger: silentLogger });
  },
  redis.skip,
);
