/** What every hot store must do: run on each implementation with `testHotStore`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { labelsKey } from '../../src/core/labels.ts';
import { HOT_HISTORY_MS, type HotStore, type HotStoreConfig } from '../../src/hot-store/hot-store.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { HOT_T0, hotRow } from '../support/hot-row.ts';

const MINUTE = 60_000;
const SERVED: HotStoreConfig = { history: [{ pipeline: 'ads', window: '1m', groupings: [['country', 'format']], keepMs: HOT_HISTORY_MS }] };
const US = { country: 'US', format: 'banner' };
const KR = { country: 'KR', format: 'video' };

const row: typeof hotRow = (minute, change) => hotRow(minute, { labels: US, ...change });
const minutes = (rows: readonly WindowRow[]): number[] => rows.map((each) => (Date.parse(each.window_start) - HOT_T0) / MINUTE);

export function testHotStore(name: string, make: (config: HotStoreConfig) => Promise<HotStore>): void {
  describe(`hot store: ${name}`, () => {
    const withStore = async (config: HotStoreConfig, work: (store: HotStore) => Promise<void>): Promise<void> => {
      const store = await make(config);
      try {
        await work(store);
      } finally {
        await store.close();
      }
    };
    const everything = (store: HotStore) => store.range('ads', '1m', US, 0, Number.MAX_SAFE_INTEGER);

    it('knows nothing of what was never put', () =>
      withStore(SERVED, async (store) => {
        assert.equal(await store.latest('ads', '1m', US), undefined);
        assert.deepEqual(await store.all('ads', '1m'), []);
        assert.deepEqual(await everything(store), []);
      }));

    it('keeps the highest version of a window, compared as UInt64', () =>
      withStore(SERVED, async (store) => {
        const newest = row(0, { version: '18446744073709551615', corrections: 2 });
        await store.put([row(0, { version: '9' }), newest, row(0, { version: '18446744073709551614' }), row(0, { version: '100' })]);
        assert.deepEqual(await store.latest('ads', '1m', US), newest);
        assert.deepEqual(await everything(store), [newest]);
      }));

    it('gives the latest window by its start, in whatever order they come', () =>
      withStore(SERVED, async (store) => {
        await store.put([row(1), row(3, { final: false }), row(2, { version: '99' })]);
        assert.deepEqual(await store.latest('ads', '1m', { format: 'banner', country: 'US' }), row(3, { final: false }));
      }));

    it('gives the latest of each series of one window, ordered by their labels', () =>
      withStore(SERVED, async (store) => {
        await store.put([row(1), row(1, { labels: KR }), row(1, { labels: {} }), row(1, { window: '5m' }), row(1, { pipeline: 'shop' })]);
        const found = (await store.all('ads', '1m')).map(({ labels }) => labels);
        assert.deepEqual(
          found,
          [US, KR, {}].sort((a, b) => (labelsKey(a) < labelsKey(b) ? -1 : 1)),
        );
      }));

    it('passes over rows of other origins', () =>
      withStore(SERVED, async (store) => {
        await store.put([row(1, { origin: 'replay', version: '999' }), row(1, { origin: 'ads/1' })]);
        assert.equal(await store.latest('ads', '1m', US), undefined);
      }));

    it('gives final rows by their start, from included, to excluded; and the latest row though provisional', () =>
      withStore(SERVED, async (store) => {
        await store.put([row(4, { final: false }), row(2), row(0), row(1), row(3)]);
        assert.deepEqual(minutes(await store.range('ads', '1m', US, HOT_T0 + MINUTE, HOT_T0 + 3 * MINUTE)), [1, 2]);
        assert.deepEqual(minutes(await everything(store)), [0, 1, 2, 3, 4]);
        await store.put([row(5, { final: false })]);
        assert.deepEqual(minutes(await everything(store)), [0, 1, 2, 3, 5], 'a provisional row that is no longer the latest is not kept');
      }));

    it('keeps 26 h of event time, also of series that went silent', () =>
      withStore(SERVED, async (store) => {
        await store.put([row(0), row(10), row(0, { labels: KR }), row(1, { labels: KR })]);
        await store.put([row(26 * 60 + 5)]);
        assert.deepEqual(minutes(await everything(store)), [10, 26 * 60 + 5]);
        assert.deepEqual(minutes(await store.range('ads', '1m', KR, 0, Number.MAX_SAFE_INTEGER)), [1], 'its last row stays');
        await store.put([row(1)]);
        assert.deepEqual(minutes(await everything(store)), [10, 26 * 60 + 5], 'what comes too old is not kept');
      }));

    it('keeps only the last row where no history is asked for', () =>
      withStore(SERVED, async (store) => {
        const total = { labels: {} };
        await store.put([row(0, total), row(1, total), row(0, { window: '5m' }), row(5, { window: '5m' })]);
        assert.deepEqual(minutes(await store.range('ads', '1m', {}, 0, Number.MAX_SAFE_INTEGER)), [1]);
        assert.deepEqual(minutes(await store.range('ads', '5m', US, 0, Number.MAX_SAFE_INTEGER)), [5]);
      }));

    it('forgets the series with the oldest last windows when there are too many', () =>
      withStore({ ...SERVED, maxSeries: 10 }, async (store) => {
        await store.put(Array.from({ length: 10 }, (_, i) => row(100 - i, { labels: { country: `C${i}` } })));
        assert.equal((await store.all('ads', '1m')).length, 10);
        await store.put([row(200, { labels: { country: 'new' } })]);
        const left = (await store.all('ads', '1m')).map(({ labels }) => labels['country']);
        assert.deepEqual(left, ['C0', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'new'], 'one too many, and a tenth in advance');
        const back = row(201, { labels: { country: 'C9' } });
        await store.put([back]);
        assert.deepEqual(await store.latest('ads', '1m', back.labels), back, 'it comes back with its next row');
        assert.deepEqual((await store.all('ads', '1m')).at(-2), back, 'among all, too');
      }));

    it('is filled when that was said, of each pipeline', () =>
      withStore(SERVED, async (store) => {
        assert.equal(await store.isFilled('ads'), false);
        await store.put([row(0)]);
        assert.equal(await store.isFilled('ads'), false);
        await store.markFilled('ads');
        assert.equal(await store.isFilled('ads'), true);
        assert.equal(await store.isFilled('shop'), false);
      }));

    it('holds the same whatever the order and the repeats of what is put', async () => {
      const puts = fc.array(fc.record({ minute: fc.nat(5), version: fc.nat(3), labels: fc.constantFrom(US, KR) }), { maxLength: 30 });
      await fc.assert(
        fc.asyncProperty(puts, fc.infiniteStream(fc.nat()), async (some, random) => {
          // A version says which content a window has, and whether it is final.
          const rows = some.map(({ minute, version, labels }) =>
            row(minute, { labels, version: String(version), final: version > 0, corrections: version }),
          );
          const shuffled = [...rows, ...rows].map((each) => [random.next().value, each] as const).sort(([a], [b]) => a - b);
          const [once, again] = [await make(SERVED), await make(SERVED)];
          await once.put(rows);
          for (const [, each] of shuffled) await again.put([each]);
          for (const labels of [US, KR]) {
            const whole = [0, Number.MAX_SAFE_INTEGER] as const;
            assert.deepEqual(await once.range('ads', '1m', labels, ...whole), await again.range('ads', '1m', labels, ...whole));
          }
          await Promise.all([once.close(), again.close()]);
        }),
        { numRuns: 50 },
      );
    });
  });
}
