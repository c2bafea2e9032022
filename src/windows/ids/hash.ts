/**
 * Event ids as 64 bits: HalfSipHash-1-3 with a 64-bit key over the id's UTF-8 bytes, in 32-bit arithmetic.
 * The key is random per partition and kept in its state, so nobody outside can construct ids that collide;
 * with n ids remembered a new id is taken for another's with a chance of about n / 2^64.
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF".
 */
export interface IdHasher {
  /** Two unsigned 32-bit words, in `low` and `high` of the same object at each call. */
  hash(id: string): { readonly low: number; readonly high: number };
}

export type IdKey = readonly [low: number, high: number];

export function createIdHasher(key: IdKey): IdHasher {
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const result = { low: 0, high: 0 };

  /** Hashes characters up to `highest` as bytes; false, and no hash, where there is a higher one. */
  function hashBytes(bytes: string, highest: number): boolean {
    const length = bytes.length;
    let seen = 0;
    // The state is in local variables and the round is written out where it is hot: a closure takes twice the time.
    let v0 = k0;
    let v1 = k1 ^ 0xee;
    let v2 = 0x6c796765 ^ k0;
    let v3 = 0x74656462 ^ k1;
    for (let i = 0; i <= length; i += 4) {
      let word: number;
      if (length - i >= 4) {
        const a = bytes.charCodeAt(i);
        const b = bytes.charCodeAt(i + 1);
        const c = bytes.charCodeAt(i + 2);
        const d = bytes.charCodeAt(i + 3);
        seen |= a | b | c | d;
        word = a | (b << 8) | (c << 16) | (d << 24);
      } else {
        // The up to three bytes left, and the length in the top byte.
        word = length << 24;
        for (let k = i; k < length; k++) {
          seen |= bytes.charCodeAt(k);
          word |= bytes.charCodeAt(k) << (8 * (k - i));
        }
      }
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    if (seen > highest) return false;
    v2 ^= 0xee;
    for (let round = 0; round < 6; round++) {
      if (round === 3) {
        result.low = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    result.high = (v1 ^ v3) >>> 0;
    return true;
  }

  return {
    hash(id) {
      // One pass: nearly all ids are ASCII, and a look ahead costs as much as the hash.
      if (!hashBytes(id, 0x7f)) hashBytes(utf8AsLatin1(id), 0xff);
      return result;
    },
  };
}

/** UTF-8 bytes as characters 0-255. A lone surrogate is encoded like any other code point, so that different ids stay different. */
export function utf8AsLatin1(text: string): string {
  let bytes = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) bytes += character;
    else if (code < 0x800) bytes += String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000) bytes += String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else bytes += String.fromCharCode(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  }
  return bytes;
}
