import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineFault } from './line-fault.ts';

const COMMON = '192.0.2.7 - - [02/Mar/2026:09:00:01 +0000] "GET /a HTTP/1.1" 200 512';
const COMBINED = `${COMMON} "-" "Mozilla/5.0 (X11)"`;

test('a line of another format that servers write says which, and what to do', () => {
  const told = (lines: readonly string[]): string[] => lines.map((line) => lineFault(line).replace(/; .*/, ''));
  assert.deepEqual(told(['{"status":200}', COMMON]), ['found JSON', 'found the common log format']);
  // nginx as it is packaged (`main`), and with times of its own behind.
  assert.deepEqual(told([`${COMBINED} "203.0.113.9, 198.51.100.1"`, `${COMBINED} 0.005 "-" upstream=a`, `${COMBINED} `]), [
    'found more behind "user agent"',
    'found more behind "user agent"',
    'found more behind "user agent"',
  ]);
  assert.deepEqual(told([`shop.example:443 ${COMBINED}`]), ['found a field before the host']);
  const none = 'expected a line of the combined log format: host ident user [time] "request" status bytes "referer" "user agent"';
  assert.deepEqual(
    told(['', ' ', 'x'.repeat(100_000), ' '.repeat(100_000), `${COMBINED}${' x'.repeat(100)}`, COMBINED.replace('[', '')]),
    Array(6).fill(none),
  );
});
