/** The body of a push: read and decompressed up to the limits, a piece at a time, so that a zip bomb stops at them. */
import type { IncomingMessage } from 'node:http';
import type { ServerLimits } from '../limits.ts';
import { HttpProblem } from '../problem.ts';
import { createDecoder, type Encoding } from './decoder.ts';
import { createGathering, type BodyBudget } from './gathering.ts';

type Limits = Pick<ServerLimits, 'wireBytes' | 'bodyBytes' | 'bodyBytesHeld' | 'framesPerBody'>;
type Take = (piece: Uint8Array) => void;

const NOTHING = new Uint8Array(0);
const ENCODINGS: Readonly<Record<string, Encoding | 'identity'>> = {
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  zstd: 'zstd',
};

/** What becomes of the pieces of a body on their way into its buffer. */
export interface BodyWriter {
  /** As of `Gathering.put`. @throws HttpProblem */
  write(piece: Uint8Array, to: Uint8Array): number;
  /** After the last piece. */
  end(to: Uint8Array): number;
}

/**
 * `work` gets the whole body, as the writer made it, if there is one; until it settles the body counts as held, then its bytes become another's. Of a body
 * that is refused the rest is still to come: what becomes of it is `dropRest`'s.
 * @throws HttpProblem 400, 413, 415, 429
 */
export async function withBody<T>(
  request: IncomingMessage,
  limits: Limits,
  { budget, writer }: { readonly budget: BodyBudget; readonly writer: BodyWriter | undefined },
  work: (body: Uint8Array) => Promise<T> | T,
): Promise<T> {
  const stated = Number(request.headers['content-length'] ?? 0);
  const gathered = createGathering(budget, limits.bodyBytesHeld, stated);
  let bytes = 0;
  const take: Take = (piece) => {
    bytes += piece.length;
    if (bytes > limits.bodyBytes) throw tooLarge(`more than ${limits.bodyBytes} bytes of events`, limits);
    gathered.put(piece, writer?.write);
  };
  try {
    const encoding = encodingOf(request.headers['content-encoding']);
    if (stated > limits.wireBytes) throw tooLarge(`${stated} bytes`, limits);
    if (encoding === 'identity') await takePieces(request, limits, take);
    else await decompress(wirePieces(request, limits), encoding, limits, take);
    if (writer) gathered.put(NOTHING, (_, to) => writer.end(to));
    // Awaited: until then nobody else may have the buffer.
    return await work(gathered.bytes());
  } finally {
    gathered.letGo();
  }
}

function encodingOf(header: string | undefined): Encoding | 'identity' {
  const name = header?.trim().toLowerCase() ?? 'identity';
  const encoding = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined;
  if (encoding !== undefined) return encoding;
  throw new HttpProblem(415, `found Content-Encoding: ${name.slice(0, 100)}; expected gzip, zstd or none`, {
    'accept-encoding': 'gzip, zstd',
  });
}

/**
 * As they come, without a promise for each. A piece is copied by then, so its memory, 64 KiB at a time, is given back at once instead of
 * when the collector runs, which it would do for these alone. Leaves the request as it is where `take` throws.
 */
function takePieces(request: IncomingMessage, limits: Limits, take: Take): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const onData = (piece: Buffer<ArrayBuffer>): void => {
      bytes += piece.length;
      try {
        if (bytes > limits.wireBytes) throw tooLarge(`more than ${limits.wireBytes} bytes`, limits);
        take(piece);
      } catch (error) {
        settle(error);
        return;
      }
      if (piece.length === piece.buffer.byteLength) piece.buffer.transfer(0);
    };
    const onEnd = (): void => settle();
    const onClose = (): void => settle(new Error('the connection was closed before the body had come'));
    const settle = (error?: unknown): void => {
      request.off('data', onData).off('end', onEnd).off('error', settle).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    if (request.destroyed) onClose();
    else request.on('end', onEnd).on('error', settle).on('close', onClose).on('data', onData);
  });
}

/** Ends without destroying the request: its answer is still to be sent. */
async function* wirePieces(request: IncomingMessage, limits: Limits): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > limits.wireBytes) throw tooLarge(`more than ${limits.wireBytes} bytes`, limits);
    yield piece;
  }
}

/**
 * A piece is decompressed before the next one is asked for, one loop for both: so a fault is met while no piece is waited for, and the
 * answer does not depend on whether the client sends another.
 */
async function decompress(pieces: AsyncIterable<Uint8Array>, encoding: Encoding, limits: Limits, take: Take): Promise<void> {
  let frames = 0;
  const decoder = createDecoder(encoding, take, () => {
    if (++frames <= limits.framesPerBody) return;
    throw new HttpProblem(413, `found more than ${limits.framesPerBody} ${encoding} frames in one body; send larger ones`);
  });
  const decoded = async (step: Promise<void>): Promise<void> => {
    try {
      await step;
    } catch (error) {
      if (error instanceof HttpProblem) throw error;
      const position = frames > 1 ? ` (in frame ${frames})` : '';
      throw new HttpProblem(400, `the body is not the ${encoding} that its Content-Encoding says: ${(error as Error).message}${position}`);
    }
  };
  try {
    for await (const piece of pieces) await decoded(decoder.write(piece));
    await decoded(decoder.end());
  } finally {
    decoder.close();
  }
}

function tooLarge(found: string, { wireBytes, bodyBytes }: Limits): HttpProblem {
  return new HttpProblem(413, `found ${found}; at most ${wireBytes} bytes on the wire and ${bodyBytes} decompressed: send smaller batches`);
}
