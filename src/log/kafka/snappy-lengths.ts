/** What snappy says of its length, before anybody makes room for it: the library takes it at its word, and what it takes it keeps. */

/** Of several blocks, as Java clients write them: a header of 16 bytes, then each behind its length. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;
/** Three bytes that copy make 64 at most; nothing makes more of less. */
const GROWTH_MAX = 64;

/** @throws Error where it states more than it can hold, RangeError for more than `bytesMax` */
export function checkSnappy(bytes: Buffer, bytesMax: number): void {
  let stated = 0;
  for (const block of blocksOf(bytes)) {
    const length = statedLength(block);
    if (length > block.length * GROWTH_MAX) throw new Error(`${block.length} bytes that say they are ${length}`);
    stated += length;
  }
  if (stated > bytesMax) throw new RangeError(`more than ${bytesMax} bytes`);
}

function* blocksOf(bytes: Buffer): Iterable<Buffer> {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return yield bytes;
  for (let at = XERIAL_HEADER_BYTES; at + 4 <= bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at);
    yield bytes.subarray(at + 4, end);
    at = end;
  }
}

/** A varint of 32 bits: seven bits a byte, the lowest first. */
function statedLength(block: Buffer): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i] ?? 0;
    length += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) break;
  }
  return length;
}
