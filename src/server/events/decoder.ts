/** Compressed bytes -> bytes, member after member (gzip, RFC 1952) or frame after frame (zstd, RFC 8878). */
import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';

export type Encoding = 'gzip' | 'zstd';

export interface Decoder {
  /** Resolves when the piece is decompressed and all that came of it is taken; rejects with the fault of the data, or with what `take` threw. */
  write(piece: Uint8Array): Promise<void>;
  /** Resolves when the data was whole. */
  end(): Promise<void>;
  /** Has to be called, also after a fault. */
  close(): void;
}

const PIECE_BYTES = 64 << 10;
/** A frame of zstd that needs a larger window than 32 MB to be decompressed is refused. */
const ZSTD_WINDOW_LOG_MAX = 25;

/** `take` gets what comes out, at most 64 KiB at a time; once it throws nothing more is decompressed. `onFrame` is told before each frame. */
export function createDecoder(encoding: Encoding, take: (piece: Uint8Array) => void, onFrame: () => void): Decoder {
  let member: Member | undefined;
  return {
    async write(piece) {
      for (let rest = piece; rest.length > 0;) {
        if (!member) {
          onFrame();
          member = openMember(encoding, take);
        }
        const used = await member.write(rest);
        rest = rest.subarray(used);
        // What it left stands behind its end. (A frame that ends with a piece goes on with the next one by itself.)
        if (rest.length > 0) {
          member.close();
          member = undefined;
        }
      }
    },
    end: async () => member?.end(),
    close: () => member?.close(),
  };
}

interface Member {
  /** Resolves to how many bytes it took: fewer than were given where its data ends in them. */
  write(bytes: Uint8Array): Promise<number>;
  end(): Promise<void>;
  close(): void;
}

function openMember(encoding: Encoding, take: (piece: Uint8Array) => void): Member {
  const zlib = openZlib(encoding);
  let fail = (_error: unknown): void => {};
  const drain = (): void => {
    try {
      while (!zlib.destroyed) {
        const piece = zlib.read() as Uint8Array | null;
        if (piece === null) return;
        take(piece);
      }
    } catch (error) {
      zlib.destroy();
      fail(error);
    }
  };
  zlib.on('readable', drain);
  zlib.on('error', (error) => fail(error));

  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        fail = reject;
        const before = zlib.bytesWritten;
        zlib.write(bytes, (error) => {
          if (error) return reject(error);
          drain();
          resolve(zlib.bytesWritten - before);
        });
      }),
    end: () =>
      new Promise((resolve, reject) => {
        fail = reject;
        zlib.once('end', resolve);
        zlib.end();
      }),
    close: () => void zlib.destroy(),
  };
}

function openZlib(encoding: Encoding): Gunzip | ZstdDecompress {
  if (encoding === 'gzip') return createGunzip({ chunkSize: PIECE_BYTES });
  return createZstdDecompress({ chunkSize: PIECE_BYTES, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } });
}
