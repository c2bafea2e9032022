/** The body of a push: read and decompressed up to the limits, a piece at a time, so that a zip bomb stops at them. */
import type { IncomingMessage } from 'node:http';
import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import type { ServerLimits } from '../limits.ts';
import { HttpProblem } from '../problem.ts';

/** Bytes of bodies that are held now, over all requests. */
export interface BodyBudget {
  held: number;
}

type Limits = Pick<ServerLimits, 'wireBytes' | 'bodyBytes' | 'bodyBytesHeld'>;

const PIECE_BYTES = 64 << 10;
/** A frame of zstd that needs a larger window than 32 MB to be decompressed is refused. */
const ZSTD_WINDOW_LOG_MAX = 25;

/**
 * `work` gets the whole body; until it settles the body counts as held. What is left of a body that is refused is read and
 * dropped, so that the answer reaches a client that is still sending.
 * @throws HttpProblem 400, 413, 415, 429
 */
export async function withBody<T>(
  request: IncomingMessage,
  limits: Limits,
  budget: BodyBudget,
  work: (body: Uint8Array) => Promise<T> | T,
): Promise<T> {
  let held = 0;
  const hold = (bytes: number): void => {
    held += bytes;
    budget.held += bytes;
    if (held > limits.bodyBytes) throw tooLarge(`more than ${limits.bodyBytes} bytes of events`, limits);
    if (budget.held > limits.bodyBytesHeld) {
      throw new HttpProblem(429, 'too many bodies are being read at this moment; send it again', { 'retry-after': '1' });
    }
  };
  try {
    return await work(await readBody(request, limits, hold));
  } catch (error) {
    request.resume();
    throw error;
  } finally {
    budget.held -= held;
  }
}

async function readBody(request: IncomingMessage, limits: Limits, hold: (bytes: number) => void): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const stated = Number(request.headers['content-length'] ?? 0);
  const decoder = decoderOf(encoding);
  if (stated > limits.wireBytes) throw tooLarge(`${stated} bytes`, limits);
  const pieces: Uint8Array[] = [];
  const wire = { bytes: 0 };
  const source = decoder ? decompressed(request, decoder, encoding, limits, wire) : wirePieces(request, limits, wire);
  for await (const piece of source) {
    hold(piece.length);
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function decoderOf(encoding: string): Gunzip | ZstdDecompress | undefined {
  if (encoding === 'identity') return undefined;
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip({ chunkSize: PIECE_BYTES });
  if (encoding === 'zstd') {
    return createZstdDecompress({ chunkSize: PIECE_BYTES, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } });
  }
  throw new HttpProblem(415, `found Content-Encoding: ${encoding.slice(0, 100)}; expected gzip, zstd or none`, {
    'accept-encoding': 'gzip, zstd',
  });
}

/** Ends without destroying the request: its answer is still to be sent. */
async function* wirePieces(request: IncomingMessage, limits: Limits, wire: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    wire.bytes += piece.length;
    if (wire.bytes > limits.wireBytes) throw tooLarge(`more than ${limits.wireBytes} bytes`, limits);
    yield piece;
  }
}

async function* decompressed(
  request: IncomingMessage,
  decoder: Gunzip | ZstdDecompress,
  encoding: string,
  limits: Limits,
  wire: { bytes: number },
): AsyncGenerator<Uint8Array> {
  let failed: unknown;
  const feeding = feed(wirePieces(request, limits, wire), decoder).catch((error: unknown) => {
    failed = error;
    decoder.destroy();
  });
  try {
    yield* decoder as AsyncIterable<Uint8Array>;
    await feeding;
    if (failed !== undefined) throw failed;
  } catch (error) {
    if (failed !== undefined) throw failed;
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem(400, `the body is not the ${encoding} that its Content-Encoding says: ${(error as Error).message}`);
  } finally {
    decoder.destroy();
  }
  if (decoder.bytesWritten < wire.bytes) {
    throw new HttpProblem(
      400,
      `found ${wire.bytes - decoder.bytesWritten} bytes after the end of the ${encoding} data; expected one frame`,
    );
  }
}

/** Writes piece by piece, no faster than they are decompressed. */
async function feed(pieces: AsyncIterable<Uint8Array>, decoder: Gunzip | ZstdDecompress): Promise<void> {
  for await (const piece of pieces) {
    if (decoder.destroyed || decoder.writableEnded) return;
    await new Promise<void>((resolve, reject) => {
      // A decoder that is destroyed while it is full calls back with an error.
      decoder.write(piece, (error) => (error && !decoder.destroyed ? reject(error) : resolve()));
    });
  }
  decoder.end();
}

function tooLarge(found: string, { wireBytes, bodyBytes }: Limits): HttpProblem {
  return new HttpProblem(413, `found ${found}; at most ${wireBytes} bytes on the wire and ${bodyBytes} decompressed: send smaller batches`);
}
