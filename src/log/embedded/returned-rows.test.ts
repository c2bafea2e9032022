import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReturned } from './returned-rows.ts';

const LARGE = 300_000;
const SMALL = 1_000;

/** Pieces of 1 MiB and of 512 KiB: three large rows and a small one, a value, and a small row. */
function setup() {
  const pieces = [new Uint8Array(1 << 20).fill(1), new Uint8Array(512 << 10).fill(2)];
  const free: number[] = [];
  const back = createReturned(pieces, { give: (piece) => void free.push(piece[0]!) });
  const large = Array.from({ length: 3 }, () => back.row({ flags: 0, bytes: LARGE }));
  const small = back.row({ flags: 2, bytes: SMALL });
  back.pass(LARGE);
  const last = back.row({ flags: 0, bytes: SMALL });
  return { back, free, large, small, last };
}

test('a piece is free when all its rows are known and none is looked at', () => {
  const { back, free, large, small, last } = setup();
  for (const row of [...large, small]) row.letGo();
  assert.deepEqual(free, [], 'further rows may be in it');
  back.end();
  assert.deepEqual(free, [1]);
  last.letGo();
  assert.deepEqual(free, [1, 2]);
});

test('a piece without rows is free at once', () => {
  const free: Uint8Array[] = [];
  const piece = new Uint8Array(100);
  const back = createReturned([piece], { give: (one) => void free.push(one) });
  back.pass(60);
  back.end();
  assert.deepEqual(free, [piece]);
});

test('a large row is kept where it is, and of a small one a copy, which holds no piece', () => {
  const { back, free, large, small, last } = setup();
  back.end();
  const [kept] = large.map((row) => row.kept());
  assert.equal(kept, large[0]);
  const [copy, other] = [small.kept(), last.kept()];
  assert.deepEqual([free, copy.flags, copy.bodyBytes], [[2], 2, SMALL]);
  assert.ok(copy.body.equals(Buffer.alloc(SMALL, 1)) && other.body.equals(Buffer.alloc(SMALL, 2)));
  assert.ok(copy.body.buffer !== small.body.buffer && copy.kept().body.equals(copy.body));
  copy.letGo();
  for (const row of large) {
    assert.deepEqual(free, [2]);
    row.letGo();
  }
  assert.deepEqual(free, [2, 1]);
});
