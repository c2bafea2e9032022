import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { cursorAfter, parseCursor } from '../../server/window-cursor.ts';
import type { WindowRow } from '../../windows/row.ts';
import { byWindow, pageOf } from './history-page.ts';

const row = (minute: number, labels: Readonly<Record<string, string>>): WindowRow =>
  ({ window_start: new Date(minute * 60_000).toISOString(), labels }) as WindowRow;
const shown = (rows: readonly WindowRow[]): unknown[] => rows.map(({ window_start, labels }) => [window_start, labels]);

const some = fc.uniqueArray(fc.tuple(fc.nat(4), fc.string({ unit: 'grapheme', maxLength: 2 })), {
  selector: ([minute, value]) => `${minute} ${value}`,
  maxLength: 30,
});

test('pages put together are all rows, each once, in one order, whatever their order was and however many one window has', () => {
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 7 }), (found, limit) => {
      const rows = found.map(([minute, value]) => row(minute, value === '' ? {} : { country: value }));
      const whole = pageOf(byWindow(rows), { newest: false, after: undefined, limit: 1_000 });
      assert.equal(whole.truncated, false);
      const pages: WindowRow[] = [];
      for (let more = true; more;) {
        const last = pages.at(-1);
        const page = pageOf(byWindow(rows.toReversed()), { newest: false, after: last && parseCursor(cursorAfter(last)), limit });
        assert.equal(page.truncated, pages.length + page.rows.length < rows.length);
        pages.push(...page.rows);
        more = page.truncated;
      }
      assert.deepEqual(shown(pages), shown(whole.rows));
      const newest = pageOf(byWindow(rows), { newest: true, after: undefined, limit });
      assert.deepEqual(shown(newest.rows), shown(whole.rows.slice(-limit)));
    }),
  );
});

test('a row that went where the last page ended does not stop the next one', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((country) => row(0, { country }));
  const after = parseCursor(cursorAfter(b!));
  assert.deepEqual(shown(pageOf(byWindow([a!, c!]), { newest: false, after, limit: 5 }).rows), shown([c!]));
});

test('what no answer has named is refused', () => {
  for (const text of ['', 'x', 'W10', Buffer.from('{"a":1}').toString('base64url'), Buffer.from('["no time","k"]').toString('base64url')]) {
    assert.throws(() => parseCursor(text), { code: 'usage', message: /expected the `next` of an earlier answer/ }, text);
  }
});
