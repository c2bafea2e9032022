import type { Random } from './random.ts';

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const hex16 = (word: number): string => (HEX[(word >>> 8) & 0xff] as string) + (HEX[word & 0xff] as string);

/** RFC 9562, version 4, of 128 bits that are drawn. By the table above: generators make one for each event. */
export function randomUuid(random: Random): string {
  const [a, b, c, d] = [random.uint32(), random.uint32(), random.uint32(), random.uint32()];
  const [version, variant] = [0x4000 | (b & 0xfff), 0x8000 | ((c >>> 16) & 0x3fff)];
  return `${hex16(a >>> 16)}${hex16(a)}-${hex16(b >>> 16)}-${hex16(version)}-${hex16(variant)}-${hex16(c)}${hex16(d >>> 16)}${hex16(d)}`;
}
