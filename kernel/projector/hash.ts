/** The hash of src/windows/ids/hash.ts, HalfSipHash-1-3, over bytes where they stand: the same 64 bits as that of the text whose UTF-8 they are. */

/** Writes the two words of the hash of the bytes at [from, to). `key`: two words. */
export function hashBytes(key: usize, from: usize, to: usize, low: usize, high: usize): void {
  const k0 = load<u32>(key);
  const k1 = load<u32>(key + 4);
  let v0 = k0;
  let v1 = k1 ^ 0xee;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  for (let at = from; ; at += 4) {
    let word = load<u32>(at);
    const left = to - at;
    // The up to three bytes left, and the length in the top byte.
    if (left < 4) word = (word & ((1 << ((left as u32) << 3)) - 1)) | (((to - from) as u32) << 24);
    v3 ^= word;
    v0 += v1;
    v1 = rotl(v1, 5) ^ v0;
    v0 = rotl(v0, 16);
    v2 += v3;
    v3 = rotl(v3, 8) ^ v2;
    v0 += v3;
    v3 = rotl(v3, 7) ^ v0;
    v2 += v1;
    v1 = rotl(v1, 13) ^ v2;
    v2 = rotl(v2, 16);
    v0 ^= word;
    if (left < 4) break;
  }
  v2 ^= 0xee;
  for (let round = 0; round < 6; round++) {
    if (round === 3) {
      store<u32>(low, v1 ^ v3);
      v1 ^= 0xdd;
    }
    v0 += v1;
    v1 = rotl(v1, 5) ^ v0;
    v0 = rotl(v0, 16);
    v2 += v3;
    v3 = rotl(v3, 8) ^ v2;
    v0 += v3;
    v3 = rotl(v3, 7) ^ v0;
    v2 += v1;
    v1 = rotl(v1, 13) ^ v2;
    v2 = rotl(v2, 16);
  }
  store<u32>(high, v1 ^ v3);
}
