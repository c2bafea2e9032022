/** The hash of id-hash.ts over bytes where they stand: the same 64 bits as that of the text whose UTF-8 they are. */
import type { IdKey } from '../id-hash.ts';

export interface ByteHasher {
  /** Hash of the bytes at [from, to), two unsigned words written to element `i` of the columns. */
  hash(view: DataView, from: number, to: number, low: Uint32Array, high: Uint32Array, i: number): void;
}

export function createByteHasher(key: IdKey): ByteHasher {
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  return {
    hash(view, from, to, low, high, i) {
      let v0 = k0;
      let v1 = k1 ^ 0xee;
      let v2 = 0x6c796765 ^ k0;
      let v3 = 0x74656462 ^ k1;
      let at = from;
      for (; ; at += 4) {
        let word: number;
        if (to - at >= 4) {
          word = view.getInt32(at, true);
        } else {
          // The up to three bytes left, and the length in the top byte.
          word = (to - from) << 24;
          for (let k = at; k < to; k++) word |= view.getUint8(k) << (8 * (k - at));
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
        if (to - at < 4) break;
      }
      v2 ^= 0xee;
      for (let round = 0; round < 6; round++) {
        if (round === 3) {
          low[i] = v1 ^ v3;
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
      high[i] = v1 ^ v3;
    },
  };
}
