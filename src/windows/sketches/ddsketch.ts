/**
 * Quantiles of numbers, estimated with a relative accuracy: DDSketch. Its state is a function of the multiset of values:
 * order and merging leave no trace, and equal states are equal bytes.
 *
 * A value x > 0 is counted in bin ceil(log x / log gamma), gamma = (1 + a) / (1 - a); the bin's estimate is within a * x of
 * all values in it. Negative values have bins of their own by their magnitude; zeros are counted apart.
 * Bounded: of each sign the `binsMax` bins of the largest magnitudes are kept; smaller magnitudes count in the lowest of
 * them and lose the accuracy (values more than e^(2 * a * binsMax) below the largest: 10^17 times at the defaults).
 * Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees" (2019).
 */
import { createBins, type Bins } from './bins.ts';
import { createVarintReader, writeVarint } from './varint.ts';

const VERSION = 1;
const HEADER_BYTES = 27;
const DEFAULTS = { accuracy: 0.01, binsMax: 2_048 } as const;

export interface DdsketchOptions {
  /** Relative: 0.01 is 1 %. */
  readonly accuracy?: number;
  /** Up to 65535. */
  readonly binsMax?: number;
}

export interface Ddsketch {
  readonly accuracy: number;
  readonly binsMax: number;
  /** Infinities count as the largest finite numbers. @throws RangeError for NaN */
  add(value: number): void;
  /** Takes in all that `other` has seen, which stays as it is. @throws RangeError where accuracy or bins differ */
  merge(other: Ddsketch): void;
  /** The value of rank floor(q * (count - 1)) in order, within the accuracy; exact at 0 and 1. NaN for the empty sketch. */
  quantile(q: number): number;
  count(): number;
  toBytes(): Uint8Array;
  /** The state itself, for merging. */
  readonly parts: Readonly<DdsketchParts>;
}

interface DdsketchParts {
  min: number;
  max: number;
  zeros: number;
  readonly positive: Bins;
  readonly negative: Bins;
}

export function createDdsketch(options: DdsketchOptions = {}): Ddsketch {
  const { accuracy, binsMax } = { ...DEFAULTS, ...options };
  if (!(accuracy > 0 && accuracy < 1)) throw new RangeError(`accuracy ${accuracy}: expected more than 0 and less than 1`);
  if (!Number.isInteger(binsMax) || binsMax < 1 || binsMax > 65_535) throw new RangeError(`binsMax ${binsMax}: expected 1 to 65535`);
  return sketchOf(accuracy, binsMax, {
    min: Infinity,
    max: -Infinity,
    zeros: 0,
    positive: createBins(binsMax),
    negative: createBins(binsMax),
  });
}

function sketchOf(accuracy: number, binsMax: number, parts: DdsketchParts): Ddsketch {
  const gamma = (1 + accuracy) / (1 - accuracy);
  const scale = 1 / Math.log(gamma);
  const keyOf = (magnitude: number): number => Math.ceil(Math.log(magnitude) * scale);
  /** By logarithms: gamma ** key overflows for the largest numbers. */
  const estimateOf = (key: number): number => Math.exp(key / scale + Math.log(2 / (gamma + 1)));
  const count = (): number => {
    let sum = parts.zeros;
    for (const bins of [parts.negative, parts.positive]) bins.forEach((_, each) => (sum += each));
    return sum;
  };

  return {
    accuracy,
    binsMax,
    parts,
    add(value) {
      if (Number.isNaN(value)) throw new RangeError('NaN has no rank');
      // + 0: so that -0 is 0 in the state.
      const finite = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value)) + 0;
      parts.min = Math.min(parts.min, finite);
      parts.max = Math.max(parts.max, finite);
      if (finite === 0) parts.zeros++;
      else if (finite > 0) parts.positive.add(keyOf(finite), 1);
      else parts.negative.add(keyOf(-finite), 1);
    },
    merge(other) {
      if (other.accuracy !== accuracy || other.binsMax !== binsMax)
        throw new RangeError('sketches of different accuracy or bins do not merge');
      // Collected first: a sketch may be merged into itself.
      const adds: [Bins, number, number][] = [];
      other.parts.positive.forEach((key, each) => adds.push([parts.positive, key, each]));
      other.parts.negative.forEach((key, each) => adds.push([parts.negative, key, each]));
      parts.min = Math.min(parts.min, other.parts.min);
      parts.max = Math.max(parts.max, other.parts.max);
      parts.zeros += other.parts.zeros;
      for (const [bins, key, each] of adds) bins.add(key, each);
    },
    quantile(q) {
      const values = count();
      if (values === 0 || !(q >= 0 && q <= 1)) return NaN;
      if (q === 0) return parts.min;
      if (q === 1) return parts.max;
      const ordered: [estimate: number, count: number][] = [];
      parts.negative.forEach((key, each) => ordered.push([-estimateOf(key), each]));
      ordered.reverse();
      ordered.push([0, parts.zeros]);
      parts.positive.forEach((key, each) => ordered.push([estimateOf(key), each]));
      const rank = Math.floor(q * (values - 1));
      let below = 0;
      for (const [estimate, each] of ordered) {
        below += each;
        if (below > rank) return Math.max(parts.min, Math.min(parts.max, estimate));
      }
      return parts.max;
    },
    count,
    toBytes() {
      const body: number[] = [];
      writeVarint(body, parts.zeros);
      for (const bins of [parts.positive, parts.negative]) {
        writeVarint(body, bins.size);
        let last = 0;
        bins.forEach((key, each) => {
          const step = key - last;
          writeVarint(body, step < 0 ? -2 * step - 1 : 2 * step);
          writeVarint(body, each);
          last = key;
        });
      }
      const bytes = new Uint8Array(HEADER_BYTES + body.length);
      const view = new DataView(bytes.buffer);
      view.setUint8(0, VERSION);
      view.setFloat64(1, accuracy, true);
      view.setUint16(9, binsMax, true);
      view.setFloat64(11, parts.min, true);
      view.setFloat64(19, parts.max, true);
      bytes.set(body, HEADER_BYTES);
      return bytes;
    },
  };
}

/** @throws RangeError where the bytes are none of `toBytes` */
export function ddsketchFromBytes(bytes: Uint8Array): Ddsketch {
  if (bytes.length < HEADER_BYTES || bytes[0] !== VERSION) throw new RangeError('the bytes are no DDSketch: the header is unknown');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sketch = createDdsketch({ accuracy: view.getFloat64(1, true), binsMax: view.getUint16(9, true) });
  const reader = createVarintReader(bytes, HEADER_BYTES);
  const parts: DdsketchParts = { ...sketch.parts, min: view.getFloat64(11, true), max: view.getFloat64(19, true), zeros: reader.next() };
  for (const bins of [parts.positive, parts.negative]) {
    let key = 0;
    for (let left = reader.next(); left > 0; left--) {
      const step = reader.next();
      key += step % 2 === 1 ? -(step + 1) / 2 : step / 2;
      bins.add(key, reader.next());
    }
  }
  if (!reader.atEnd()) throw new RangeError('the bytes are no DDSketch: something follows its end');
  return sketchOf(sketch.accuracy, sketch.binsMax, parts);
}

/** The merge of two states as bytes. */
export function mergeDdsketches(a: Uint8Array, b: Uint8Array): Uint8Array {
  const sketch = ddsketchFromBytes(a);
  sketch.merge(ddsketchFromBytes(b));
  return sketch.toBytes();
}
