/** A source of pseudo-random numbers: the same seeds give the same numbers on every machine. Not for secrets. */
export interface Random {
  /** Uniform integer, 0 <= x < 2^32. */
  uint32(): number;
  /** Uniform, 0 <= x < 1, 53 bits. */
  unit(): number;
  /** Uniform integer, 0 <= x < n; n up to 2^32. */
  below(n: number): number;
  /** Standard normal. */
  normal(): number;
  /** Poisson with this mean; by a rounded normal from a mean of 64 on. */
  poisson(mean: number): number;
}

/** sfc32 (Chris Doty-Humphrey), its state filled from any number of seeds; each seed may be any finite double. */
export function createRandom(...seeds: readonly number[]): Random {
  let [a, b, c] = stateOf(seeds);
  let counter = 1;

  const uint32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  const unit = (): number => ((uint32() >>> 5) * 0x4000000 + (uint32() >>> 6)) / 0x20000000000000;
  const below = (n: number): number => Math.floor(unit() * n);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
  const poisson = (mean: number): number => {
    if (mean <= 0) return 0;
    if (mean >= 64) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = unit(); product > limit; product *= unit()) count++;
    return count;
  };

  for (let i = 0; i < 12; i++) uint32();
  return { uint32, unit, below, normal, poisson };
}

function stateOf(seeds: readonly number[]): [number, number, number] {
  const words = new Uint32Array(new Float64Array(seeds).buffer);
  const state: [number, number, number] = [0x9e3779b9, 0x243f6a88, 0xb7e15162];
  for (const word of words) {
    for (let i = 0; i < 3; i++) state[i] = mix((state[i] as number) ^ Math.imul(word + i, 0x85ebca6b));
  }
  return state;
}

/** The finalizer of MurmurHash3: every input bit reaches every output bit. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) + 0x6d2b79f5) | 0;
}
