/** Compressed bytes -> bytes, piece by piece, so that everything before a fault comes out and memory stays bounded. */
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';

export type Compression = 'gzip' | 'zstd';

/** The compressed data is broken or cut off. */
export class DecompressionFault extends Error {
  /** Compressed bytes up to the step in which the fault was met; the fault lies in that step. */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'DecompressionFault';
    this.offset = offset;
  }
}

/** By the first bytes: gzip, zstd (also a skippable frame), plain; undefined: more bytes are needed to tell. */
export function recognise(start: Uint8Array): Compression | 'plain' | undefined {
  const prefix = (magic: readonly number[]): boolean => magic.every((byte, i) => i >= start.length || start[i] === byte);
  const whole = (magic: readonly number[]): boolean => start.length >= magic.length;
  const gzip = [0x1f, 0x8b];
  const zstd = [0x28, 0xb5, 0x2f, 0xfd];
  const skippable = [0x50 | ((start[0] ?? 0) & 0x0f), 0x2a, 0x4d, 0x18];
  if (prefix(gzip)) return whole(gzip) ? 'gzip' : undefined;
  if (prefix(zstd)) return whole(zstd) ? 'zstd' : undefined;
  if (prefix(skippable)) return whole(skippable) ? 'zstd' : undefined;
  return 'plain';
}

/** Output held before the decompressor is paused, bytes; one step adds one chunk of zlib's at most. */
const READY_BYTES = 262_144;

/**
 * Members (gzip) and frames (zstd) may follow one another; zero bytes after a gzip member are padding.
 * What a failing step had already put out is lost with it: a step is `stepBytes` of input, from `fineFrom` on one byte.
 * @throws DecompressionFault
 */
export async function* decompress(
  pieces: AsyncIterable<Uint8Array>,
  compression: Compression,
  options: { stepBytes: number; fineFrom?: number },
): AsyncGenerator<Uint8Array> {
  const fineFrom = options.fineFrom ?? Number.POSITIVE_INFINITY;
  let offset = 0;
  let member = createMember(compression);
  let padding = false;
  try {
    for await (const piece of pieces) {
      let at = 0;
      while (at < piece.length) {
        if (padding) {
          if (piece[at] !== 0) throw new DecompressionFault(offset, 'something that is not gzip follows the gzip data');
          at++;
          offset++;
          continue;
        }
        const stepBytes = offset >= fineFrom ? 1 : Math.min(options.stepBytes, fineFrom - offset);
        const step = piece.subarray(at, at + stepBytes);
        const before = member.consumed();
        member.write(step);
        yield* member.output(offset);
        const used = member.ended() ? member.consumed() - before : step.length;
        at += used;
        offset += used;
        if (member.ended()) {
          member.close();
          padding = compression === 'gzip';
          if (!padding) member = createMember(compression);
        }
      }
    }
    if (padding) return;
    member.end();
    yield* member.output(offset);
  } finally {
    member.close();
  }
}

function createMember(compression: Compression) {
  const decoder: Gunzip | ZstdDecompress =
    compression === 'gzip' ? createGunzip({ chunkSize: 65_536 }) : createZstdDecompress({ chunkSize: 65_536 });
  let state: 'busy' | 'idle' | 'ended' | 'failed' = 'idle';
  let fault = '';
  let ready: Uint8Array[] = [];
  let readyBytes = 0;
  let wake = (): void => {};
  const become = (next: typeof state): void => {
    if (state !== 'failed' && state !== 'ended') state = next;
    wake();
  };
  decoder.on('data', (chunk: Uint8Array) => {
    ready.push(chunk);
    readyBytes += chunk.length;
    if (readyBytes >= READY_BYTES) decoder.pause();
    wake();
  });
  decoder.on('end', () => become('ended'));
  decoder.on('error', (error) => {
    fault = error.message;
    become('failed');
  });

  return {
    consumed: () => decoder.bytesWritten,
    ended: () => state === 'ended',
    write(step: Uint8Array) {
      state = 'busy';
      decoder.write(step, () => become('idle'));
    },
    end() {
      state = 'busy';
      decoder.end();
    },
    close() {
      decoder.destroy();
    },
    /** Everything that comes out of the last write. */
    async *output(offset: number): AsyncGenerator<Uint8Array> {
      for (;;) {
        if (ready.length > 0) {
          const chunks = ready;
          ready = [];
          readyBytes = 0;
          yield* chunks;
          decoder.resume();
        } else if (state === 'failed') throw new DecompressionFault(offset, fault);
        else if (state === 'ended' || (state === 'idle' && decoder.readableLength === 0)) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
