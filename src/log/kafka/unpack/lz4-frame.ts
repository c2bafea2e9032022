/** Header of an LZ4 frame, as far as Kafka's producers use it. */
export interface Lz4Frame {
  /** Where the first block is. */
  readonly blocksAt: number;
  /** Unpacked. */
  readonly blockBytesMax: number;
  /** Whether matches reach back into earlier blocks. */
  readonly isLinked: boolean;
  readonly trailerBytes: number;
}

/** Bit 31 of a block's length: it is stored as it is. */
export const STORED = 0x8000_0000;

const MAGIC = 0x184d2204;
const FLAG = { versions: 0xc0, independent: 0x20, blockChecksums: 0x10, size: 0x08, checksum: 0x04, reserved: 0x02, dictionary: 0x01 };
const VERSION_1 = 0x40;
const NOT_HERE = FLAG.blockChecksums | FLAG.reserved | FLAG.dictionary;

/** Undefined for frames with anything uncommon. */
export function frameOf(bytes: Buffer): Lz4Frame | undefined {
  if (bytes.length < 11 || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const flags = bytes[4]!;
  // 4 to 7: 64 kB to 4 MB.
  const size = bytes[5]! >>> 4;
  if ((flags & FLAG.versions) !== VERSION_1 || (flags & NOT_HERE) !== 0 || size < 4 || size > 7) return undefined;
  return {
    blocksAt: 7 + ((flags & FLAG.size) === 0 ? 0 : 8),
    blockBytesMax: 1 << (8 + 2 * size),
    isLinked: (flags & FLAG.independent) === 0,
    // Not looked at, as in Kafka's own client: the batch has a checksum over all of it.
    trailerBytes: (flags & FLAG.checksum) === 0 ? 0 : 4,
  };
}
