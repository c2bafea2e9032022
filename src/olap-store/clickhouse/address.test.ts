import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOlapAddress } from './address.ts';

const DAY = 86_400_000;

test('an address names server, user, database and how long rows are kept; the environment has what it does not say', () => {
  assert.deepEqual(parseOlapAddress('none', {}), { kind: 'none' });
  const kept = { windowsMs: 30 * DAY, hoursMs: 365 * DAY, daysMs: Infinity };
  assert.deepEqual(parseOlapAddress('embedded', {}), { kind: 'embedded', retention: kept });
  assert.deepEqual(parseOlapAddress('http://127.0.0.1:8123', {}), {
    kind: 'server',
    endpoint: { url: 'http://127.0.0.1:8123', username: 'default', password: '' },
    database: 'tocsin',
    retention: kept,
  });
  const env = { TOCSIN_CLICKHOUSE_USERNAME: 'me', TOCSIN_CLICKHOUSE_PASSWORD: 'secret' };
  assert.deepEqual(parseOlapAddress('https://ch.example:8443/kpi?keep=7d&keep_hours=forever', env), {
    kind: 'server',
    endpoint: { url: 'https://ch.example:8443', username: 'me', password: 'secret' },
    database: 'kpi',
    retention: { windowsMs: 7 * DAY, hoursMs: Infinity, daysMs: Infinity },
  });
  const own = parseOlapAddress('http://you:a%40b%2F@[::1]:8123/', env);
  assert.deepEqual(own.kind === 'server' && own.endpoint, { url: 'http://[::1]:8123', username: 'you', password: 'a@b/' });
});

test('a wrong address is told with what is expected, without its password', () => {
  const wrong: [string, RegExp][] = [
    ['clickhouse://h', /embedded, none, or an address such as/],
    ['ftp://me:secret@h', /found ftp:\/\/…@h is no OLAP store/],
    ['', /embedded, none/],
    ['http://h:8123/a-b', /the database "a-b"/],
    ['http://h:8123/?kepp=1d', /kepp= is not a setting of it; expected one of keep, keep_hours, keep_days, ca/],
    ['embedded?ca=x', /ca= is not a setting/],
    ['embedded?keep=5m', /keep=5m; expected a day or more/],
    ['embedded?keep=400d', /keep=400d, keep_hours=365d and keep_days=forever; expected hours kept as long/],
    ['http://h:8123?ca=/nowhere', /ca= is for TLS/],
    ['https://h:8443?ca=/nowhere', /ca=\/nowhere cannot be read \(ENOENT\)/],
    ['http://%ff@h:8123', /% that encodes nothing/],
  ];
  for (const [address, message] of wrong) {
    assert.throws(
      () => parseOlapAddress(address, {}),
      (error: Error & { code?: string }) => error.code === 'usage' && message.test(error.message) && !error.message.includes('secret'),
      address,
    );
  }
});
