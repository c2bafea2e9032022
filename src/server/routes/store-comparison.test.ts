import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeSurface, windowRow } from '../../../test/server/fake-surface.ts';
import { systemClock } from '../../core/clock.ts';
import type { ServedPath } from '../surface.ts';
import { compareStores } from './store-comparison.ts';

const US = { country: 'US', ad_format: 'banner' };

async function compare(fromOlapStore: ServedPath['fromOlapStore']) {
  const [served] = fakeSurface().served;
  const latest = { source: 'hot', rows: windowRow(US) } as const;
  return compareStores({ ...served!, fromOlapStore }, '5m', US, latest, { clock: systemClock, patienceMs: 50 });
}

test('the OLAP store is asked for a few windows that end with the latest, however long ago that was', async () => {
  const asked: unknown[] = [];
  const { olap_store } = await compare(async (window, labels, { from, to }) => {
    asked.push([window, labels, new Date(from).toISOString(), new Date(to).toISOString()]);
    return [];
  });
  assert.ok(olap_store);
  const once = ['5m', US, '2026-03-02T08:45:00.000Z', '2026-03-02T09:05:00.000Z'];
  assert.deepEqual(asked, [once, once, once, once, once, once]);
});

test('one that does not answer is not waited for, and reads no further', { timeout: 10_000 }, async () => {
  let signal: AbortSignal | undefined;
  const found = await compare((_window, _labels, _span, until) => {
    signal = until;
    return new Promise(() => {});
  });
  assert.equal(found.olap_store, null);
  assert.ok(found.hot_store);
  assert.equal(signal?.aborted, true);
});
