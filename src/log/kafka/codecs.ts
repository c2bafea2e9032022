/** How batches are compressed, and their checksum. */
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Reader, compressionsAlgorithms, crc32c } from './client.ts';
import { checkSnappy } from './snappy-lengths.ts';

/** A decompressed batch larger than this is refused: it would be a broken or hostile one. */
export const UNPACKED_BYTES_MAX = 512 << 20;

/** Node collects what it unpacks in pieces of this size. */
const CHUNK_BYTES = 256 << 10;

/** Names by the number in a batch's attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

const ONE = Buffer.alloc(1);

/**
 * For the client's codecs, which keep a view of their memory: once that has grown it is a view of nothing, and they make another for what is longer
 * than that, so not for no bytes at all.
 */
function forClient(bytes: Buffer): Buffer {
  if (bytes.length === 0) compressionsAlgorithms.snappy.compressSync(ONE);
  return bytes;
}

/** CRC-32C (Castagnoli), as batches carry it. */
export function checksum(bytes: Buffer): number {
  // The client copies a bare buffer first.
  return crc32c(Reader.from(forClient(bytes)).buffer) >>> 0;
}

export function compress(codec: Codec, bytes: Buffer): Buffer {
  if (codec === 'none') return bytes;
  if (codec === 'gzip') return gzipSync(bytes, { level: 1 });
  if (codec === 'zstd') return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return compressionsAlgorithms[codec].compressSync(forClient(bytes));
}

/** @throws Error where the bytes are not what the codec wrote */
export function decompress(codec: Codec, bytes: Buffer): Buffer {
  if (codec === 'none') return bytes;
  if (codec === 'gzip') return gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX, chunkSize: CHUNK_BYTES });
  if (codec === 'zstd') return zstdDecompressSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX, chunkSize: CHUNK_BYTES });
  if (codec === 'snappy') checkSnappy(bytes, UNPACKED_BYTES_MAX);
  return compressionsAlgorithms[codec].decompressSync(forClient(bytes));
}
