import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIdHasher } from '../id-hash.ts';
import { parseEventTime } from '../event-time.ts';
import { createByteDictionary } from './byte-dictionary.ts';
import { createByteHasher } from './id-hash-bytes.ts';
import { readNumber } from './number-bytes.ts';
import { createTimeReader } from './time-bytes.ts';

const encoder = new TextEncoder();

/** The text's bytes among others, at an odd place. */
function placed(text: string): { bytes: Uint8Array; view: DataView; from: number; to: number } {
  const bytes = encoder.encode(`"${text}"}`);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), from: 1, to: bytes.length - 2 };
}

const texts = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 14 }),
);

test('the hash of bytes is that of the text whose UTF-8 they are', () => {
  fc.assert(
    fc.property(texts, fc.nat(), fc.nat(), (text, k0, k1) => {
      const { view, from, to } = placed(text);
      const [low, high] = [new Uint32Array(2), new Uint32Array(2)];
      createByteHasher([k0, k1]).hash(view, from, to, low, high, 1);
      const expected = createIdHasher([k0, k1]).hash(text.toWellFormed());
      assert.deepEqual([low[1], high[1]], [expected.low, expected.high]);
    }),
  );
});

test('a dictionary of bytes gives every string its own code, and finds what was added only', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        texts.map((text) => text.toWellFormed()),
        { maxLength: 120 },
      ),
      fc.nat(),
      (all, seed) => {
        const dictionary = createByteDictionary(seed);
        const half = all.length >> 1;
        const find = (text: string): number => {
          const { view, from, to } = placed(text);
          return dictionary.find(view, from, to);
        };
        for (let round = 0; round < 2; round++) {
          for (let k = 0; k < half; k++) {
            const { view, from, to } = placed(all[k]!);
            assert.equal(dictionary.add(view, from, to), k);
          }
          assert.deepEqual(
            all.map(find),
            [...all.keys()].map((k) => (k < half ? k : -1)),
          );
          dictionary.clear();
        }
        assert.deepEqual([dictionary.size, dictionary.heldBytes], [0, 0]);
      },
    ),
  );
});

test('numbers are read as JSON.parse reads them, and what it refuses is none', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 });
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc
      .tuple(fc.constantFrom('', '-'), digits, fc.constantFrom('', '.'), digits, fc.constantFrom('', 'e', 'E-', 'e+'), fc.nat(400))
      .map((parts) => parts.slice(0, parts[4] === '' ? 4 : 6).join('')),
    fc.string({ unit: fc.constantFrom(...'0019.-+eE'), maxLength: 6 }),
  );
  fc.assert(
    fc.property(numbers, (text) => {
      const bytes = encoder.encode(`${text}}`);
      const into = new Float64Array(1);
      const end = readNumber(bytes, 0, into, 0);
      let expected: number | undefined;
      try {
        expected = JSON.parse(text) as number;
      } catch {
        // None.
      }
      if (expected === undefined) assert.ok(end < text.length, text);
      else assert.ok(end === text.length && Object.is(into[0], expected), `${text}: ${into[0]}`);
    }),
    { numRuns: 5_000 },
  );
});

test('times read from bytes are those read from texts; of other forms there is none', () => {
  const two = fc.integer({ min: 0, max: 62 }).map((n) => String(n).padStart(2, '0'));
  const fraction = fc.oneof(
    fc.constant(''),
    fc.constant('.250'),
    fc.string({ unit: fc.constantFrom(...'059'), maxLength: 11 }).map((one) => `.${one}`),
  );
  const times = fc
    .tuple(
      fc.constantFrom('1969', '1970', '2024', '2026', '9999', '202é'),
      two,
      two,
      fc.constantFrom('T', 't', ' '),
      two,
      two,
      two,
      fraction,
    )
    .map(
      ([year, month, day, separator, hour, minute, second, rest]) =>
        `${year}-${month}-${day}${separator}${hour}:${minute}:${second}${rest}`,
    );
  const real = fc
    .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, -1));
  const reader = createTimeReader();
  fc.assert(
    fc.property(fc.oneof(times, real), fc.constantFrom('Z', 'z', '', '+00:00'), (local, zone) => {
      const { bytes, view, from, to } = placed(`${local}${zone}`);
      const time = reader.read(bytes, view, from, to);
      const expected = parseEventTime(`${local}${zone}`, 'iso');
      if (zone === 'Z' && local[10] === 'T') assert.equal(time, expected, local);
      else assert.ok(Number.isNaN(time) || time === expected, local);
    }),
    { numRuns: 3_000 },
  );
});
