import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { STRING_FORMATS } from './formats.ts';

const EXAMPLES: Record<string, { good: string[]; bad: string[] }> = {
  'date-time': {
    good: [
      '2026-03-02T09:48:00.000Z',
      '2024-02-29t00:00:00+09:00',
      '2000-02-29T23:59:60Z',
      '2017-01-01T08:59:60.5+09:00',
      '1970-01-01T00:00:00-23:59',
    ],
    bad: [
      '2026-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-00-01T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01T00:60:00Z',
      '2026-01-01T00:00:60Z',
      '2026-01-01T00:00:00',
      '2026-01-01 00:00:00Z',
      '2026-01-01T00:00:00.Z',
      '2026-01-01T00:00:00+0900',
      '2026-01-01T00:00:00Z ',
      '26-01-01T00:00:00Z',
      '2026-01-01T00:00:00+24:00',
      '２026-01-01T00:00:00Z',
      '',
    ],
  },
  date: { good: ['2026-12-31'], bad: ['2026-12-32', '2026-12-31Z', '2026/12/31'] },
  time: { good: ['00:00:00Z', '23:59:59.123456+05:30'], bad: ['24:00:00Z', '00:00:00'] },
  uuid: {
    good: ['712b0e22-0b84-4e86-b21c-77789d187cc6', '00000000-0000-0000-0000-000000000000', 'ABCDEFab-cdef-0123-4567-89abcdefABCD'],
    bad: [
      '712b0e220b844e86b21c77789d187cc6',
      '712b0e22-0b84-4e86-b21c-77789d187cc',
      '712b0e22-0b84-4e86-b21c-77789d187ccg',
      '712b0e22_0b84-4e86-b21c-77789d187cc6',
    ],
  },
  email: { good: ['a.b+c@example.org'], bad: ['a@', '@b', 'a b@c', 'a@-x'] },
  hostname: { good: ['a.example', 'x'], bad: ['-a', 'a..b', ''] },
  ipv4: { good: ['1.2.3.4'], bad: ['1.2.3', '256.1.1.1'] },
  ipv6: { good: ['::1'], bad: ['::1%eth0', '1.2.3.4'] },
  uri: { good: ['https://example.org/a?b#c', 'urn:x:y'], bad: ['example.org', '/a', 'https://a b'] },
};

test('every format takes its good examples and refuses its bad ones', () => {
  assert.deepEqual(Object.keys(EXAMPLES).sort(), Object.keys(STRING_FORMATS).sort());
  for (const [name, { good, bad }] of Object.entries(EXAMPLES)) {
    for (const text of good) assert.equal(STRING_FORMATS[name]?.(text), true, `${name} ${text}`);
    for (const text of bad) assert.equal(STRING_FORMATS[name]?.(text), false, `${name} ${text}`);
  }
});

test('date-time agrees with the calendar of the language on every UTC time with ms', () => {
  const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'));
  const day = fc.integer({ min: 0, max: 33 }).map((n) => String(n).padStart(2, '0'));
  fc.assert(
    fc.property(two, two, day, day, (century, year, month, dayOfMonth) => {
      const text = `${century}${year}-${month}-${dayOfMonth}T12:00:00.000Z`;
      const at = new Date(text);
      assert.equal(STRING_FORMATS['date-time']?.(text), !Number.isNaN(at.getTime()) && at.toISOString() === text, text);
    }),
    { numRuns: 2000 },
  );
});
