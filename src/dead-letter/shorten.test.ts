import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeadLetter } from './dead-letter.ts';
import { shortenLongest } from './shorten.ts';

const letterOf = (bytes: number): { letter: DeadLetter } => ({
  letter: { topic: 't', partition: 0, offset: bytes, reason: 'late', payload: 'x'.repeat(bytes) } as unknown as DeadLetter,
});

const lengthsOf = (letters: readonly { letter: DeadLetter }[] | undefined): number[] =>
  (letters ?? []).map(({ letter }) => letter.payload!.length);

test('those about as long as the longest are cut, of which nobody says which is refused; shorter ones stay whole', () => {
  const once = shortenLongest([900_000, 1_150_000, 1_200_000, 10].map(letterOf));
  const [first, second, third, last] = lengthsOf(once);
  assert.deepEqual([first, last], [900_000, 10]);
  for (const cut of [second!, third!]) assert.ok(cut > 500_000 && cut < 600_000, `${cut}`);
  assert.equal(once![2]!.letter.truncated_from_bytes, 1_200_000);
  assert.equal(once![0]!.letter.truncated_from_bytes, undefined);
});

test('as often as it takes, until none is so long that it could be refused', () => {
  let letters: { letter: DeadLetter }[] | undefined = [5_000_000, 300_000].map(letterOf);
  let times = 0;
  for (let shorter = shortenLongest(letters); shorter; shorter = shortenLongest(letters)) {
    letters = shorter;
    times++;
  }
  assert.ok(times < 10, `${times}`);
  assert.ok(lengthsOf(letters).every((length) => length <= 256 << 10));
});
