/** docs/redis.md: the settings are those of the address, the keys those that are written, and the rights suffice on a real Redis. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { createClient } from '@redis/client';
import { systemClock } from '../../src/core/clock.ts';
import { createKeyNames } from '../../src/hot-store/redis/keys.ts';
import { createRedisHotStore } from '../../src/hot-store/redis/redis-store.ts';
import { parseRedisUrl } from '../../src/hot-store/redis/url.ts';
import { hotRow as row } from '../support/hot-row.ts';
import { service } from '../support/services.ts';
import { read } from './deployed.ts';

const page = read('docs/redis.md');
const redis = service('redis');

/** The names in the first column of the table under a heading. */
function firstColumn(heading: string): string[] {
  const section = page.slice(page.indexOf(`## ${heading}`)).split('\n## ')[0]!;
  const cells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map((match) => match[1]!);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
}

describe('docs/redis.md', () => {
  it('names every setting of the address, and no other', () => {
    let refused = '';
    try {
      parseRedisUrl('redis://h?none=1', {});
    } catch (error) {
      refused = (error as Error).message;
    }
    const settings = /there are ([\w, ]+)/.exec(refused)![1]!.split(', ');
    assert.deepEqual(firstColumn('The address').sort(), settings.sort());
  });

  it('names the keys as they are', () => {
    const names = createKeyNames({ prefix: 'metrics', pipelines: ['adtech'], dimensions: { adtech: ['country', 'ad_format'] } });
    const { latest, history } = names.series('adtech', '1m', { country: 'US', ad_format: 'banner' });
    const { index, newest } = names.window('adtech', '1m');
    const rollup = names.series('adtech', '1m', { country: 'US' }).latest;
    assert.deepEqual(
      firstColumn('Keys to read by hand').sort(),
      [latest, rollup, history, index, newest, names.owner('adtech'), names.filled('adtech')].sort(),
    );
    assert.ok(page.includes(`\`${names.series('adtech', '1m', {}).latest}\` is the total`));
    const odd = ['a:b', 'a%b', 'a\nb', '*', '@a'].map((country) => names.series('adtech', '1m', { country, ad_format: 'x' }).latest);
    assert.deepEqual(
      odd,
      ['a%3Ab', 'a%25b', 'a%0Ab', '%2A', '%40a'].map((value) => `metrics:${value}:x:1m`),
    );
  });

  it('gives a user the rights that it needs', { skip: redis.skip }, async () => {
    const [, rights] = /ACL SETUSER tocsin (.+)/.exec(page)!;
    const [name, prefix] = [`t${randomUUID()}`, randomUUID()];
    const admin = createClient({ url: `redis://${redis.address}` });
    await admin.connect();
    const said: string[] = [];
    try {
      await admin.sendCommand(['ACL', 'SETUSER', name, ...rights!.replace('metrics:', `${prefix}:`).split(' ')]);
      const store = await createRedisHotStore(
        {
          url: `redis://${name}:PASSWORD@${redis.address}?prefix=${prefix}`,
          history: [{ pipeline: 'ads', window: '1m', keepMs: 3_600_000 }],
        },
        { clock: systemClock, logger: { info: () => {}, warn: (text) => said.push(text) }, onEmpty: () => {} },
      );
      await store.put([row(0), row(1)]);
      await store.markFilled('ads');
      assert.equal(await store.isFilled('ads'), true);
      assert.deepEqual(await store.range('ads', '1m', row(0).labels, 0, Date.parse('2100-01-01')), [row(0), row(1)]);
      assert.equal((await store.all('ads', '1m')).length, 1);
      await store.close();
    } finally {
      await admin.sendCommand(['ACL', 'DELUSER', name]);
      admin.destroy();
    }
    assert.deepEqual(said, []);
  });
});
