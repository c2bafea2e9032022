import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { parseRedisUrl } from './url.ts';

test('an address says host, port, database, user, prefix and time to live', () => {
  assert.deepEqual(parseRedisUrl('redis://cache', {}), { host: 'cache', port: 6379, database: 0, shown: 'redis://cache:6379' });
  assert.deepEqual(parseRedisUrl('redis://me:p%40ss@[::1]:7000/2?prefix=ads&ttl=30m', { TOCSIN_REDIS_PASSWORD: 'other' }), {
    host: '::1',
    port: 7000,
    database: 2,
    username: 'me',
    password: 'p@ss',
    prefix: 'ads',
    ttlMs: 1_800_000,
    shown: 'redis://[::1]:7000/2',
  });
  const { username, password, tls } = parseRedisUrl('rediss://cache?servername=a.b', {
    TOCSIN_REDIS_USERNAME: 'me',
    TOCSIN_REDIS_PASSWORD: 'secret',
  });
  assert.deepEqual({ username, password, tls }, { username: 'me', password: 'secret', tls: { servername: 'a.b' } });
});

test('a wrong one says what was found and what was expected, and no secret', () => {
  const wrong: readonly (readonly [url: string, text: RegExp])[] = [
    ['http://u:secret@cache', /http:\/\/…@cache is not an address of Redis; expected redis:\/\//],
    ['redis://u:secret@cache:99999', /is not an address of Redis/],
    ['redis://cache/main', /\/main is not a database of Redis; expected its number/],
    ['redis://cache?db=1', /db= is not a setting of redis:\/\/; there are prefix, ttl, /],
    ['redis://cache?ttl=0s', /ttl=0s; expected a duration above 0/],
    ['redis://cache?prefix=a%20b', /prefix=a b; expected up to 64 letters/],
    ['redis://cache?ca=ca.pem', /ca= is for TLS; expected rediss:/],
    ['rediss://cache?ca=/none.pem', /ca=\/none\.pem cannot be read \(ENOENT\)/],
    ['rediss://cache?cert=/none.pem', /only one of cert= and key=/],
    ['redis://u:secret%zz@cache', /has a % that encodes nothing/],
  ];
  for (const [url, text] of wrong) {
    assert.throws(
      () => parseRedisUrl(url, {}),
      (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, 'usage');
        assert.match(error.message, text);
        return !error.message.includes('secret');
      },
      url,
    );
  }
});
