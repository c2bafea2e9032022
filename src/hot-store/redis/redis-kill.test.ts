/** Redis killed again and again under a writer that fills it from its log when told: in the end nothing is missing or old. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../../../scripts/services/redis.ts';
import { hotRow } from '../../../test/support/hot-row.ts';
import { ownService } from '../../../test/support/services.ts';
import { systemClock } from '../../core/clock.ts';
import { labelsKey } from '../../core/labels.ts';
import { silentLogger } from '../../core/logger.ts';
import { createRandom } from '../../core/random.ts';
import type { WindowRow } from '../../windows/row.ts';
import { HOT_HISTORY_MS } from '../hot-store.ts';
import { createMemoryHotStore } from '../memory/memory-store.ts';
import { createRedisHotStore } from './redis-store.ts';

const HISTORY = [{ pipeline: 'ads', window: '1m', keepMs: HOT_HISTORY_MS }];
const KILLS = process.env['SOAK'] ? 40 : 4;
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 32));

describe('Redis killed under a writer', { skip: (await ownService('redis')).skip }, () => {
  it(`holds what a store that was never killed holds (SEED=${seed})`, async (t) => {
    const random = createRandom(seed);
    const redis = await startRedis();
    t.after(() => redis.stop());
    const log: WindowRow[] = [];
    const expected = createMemoryHotStore({ history: HISTORY });
    let refill = Promise.resolve();
    const store = await createRedisHotStore(
      // So few may wait that rows are lost as well.
      { url: `redis://${redis.address}`, history: HISTORY, dimensions: { ads: ['country', 'ad_format'] }, maxWaitingRows: 60 },
      { clock: systemClock, logger: silentLogger, onEmpty: () => void (refill = refill.then(fill)) },
    );
    t.after(() => store.close());
    async function fill(): Promise<void> {
      for (let at = 0; at < log.length; at += 40) await store.put(log.slice(at, at + 40));
      await store.markFilled('ads');
    }
    const someRows = (): WindowRow[] =>
      Array.from({ length: random.below(20) }, () => {
        const labels = { country: `C${random.below(5)}`, ad_format: 'banner' };
        const version = random.below(1_000);
        return hotRow(random.below(30), { labels, version: String(version), corrections: version, final: version >= 100 });
      });
    async function write(until: Promise<unknown>): Promise<void> {
      const over = new AbortController();
      void until.then(() => over.abort());
      do {
        const rows = someRows();
        log.push(...rows);
        await expected.put(rows);
        await store.put(rows);
        await sleep(random.below(5));
      } while (!over.signal.aborted);
    }

    for (let kill = 0; kill < KILLS; kill++) {
      await write(sleep(random.below(150)));
      await redis.kill();
      await write(sleep(random.below(150)));
      await write(redis.restart());
    }
    while (!store.status().up || store.status().waiting > 0 || !(await store.isFilled('ads'))) await sleep(5);
    await refill;
    for (const row of await expected.all('ads', '1m')) {
      const place = ['ads', '1m', row.labels] as const;
      assert.deepEqual(await store.latest(...place), row, labelsKey(row.labels));
      assert.deepEqual(await store.range(...place, 0, Infinity), await expected.range(...place, 0, Infinity), labelsKey(row.labels));
    }
  });
});
