/** The body of a push: read and decompressed up to the limits, a piece at a time, so that a zip bomb stops at them. */
import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServerLimits } from '../limits.ts';
import { HttpProblem } from '../problem.ts';
import { createDecoder, type Encoding } from './decoder.ts';

/** Bytes of bodies that are held now, over all requests. */
export interface BodyBudget {
  held: number;
}

type Limits = Pick<ServerLimits, 'wireBytes' | 'bodyBytes' | 'bodyBytesHeld' | 'framesPerBody'>;
type Take = (piece: Uint8Array) => void;

const ENCODINGS: Readonly<Record<string, Encoding | 'identity'>> = {
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  zstd: 'zstd',
};

/**
 * `work` gets the whole body; until it settles the body counts as held. Of a body that is refused the rest is still to come: what
 * becomes of it is `dropRest`'s.
 * @throws HttpProblem 400, 413, 415, 429
 */
export async function withBody<T>(
  request: IncomingMessage,
  limits: Limits,
  budget: BodyBudget,
  work: (body: Uint8Array) => Promise<T> | T,
): Promise<T> {
  const pieces: Uint8Array[] = [];
  let held = 0;
  const take: Take = (piece) => {
    held += piece.length;
    budget.held += piece.length;
    if (held > limits.bodyBytes) throw tooLarge(`more than ${limits.bodyBytes} bytes of events`, limits);
    if (budget.held > limits.bodyBytesHeld) {
      throw new HttpProblem(429, 'too many bodies are being read at this moment; send it again', { 'retry-after': '1' });
    }
    pieces.push(piece);
  };
  try {
    await readBody(request, limits, take);
    if (pieces.length === 1) return await work(pieces[0]!);
    const body = Buffer.concat(pieces);
    // 32 MB take tens of ms to be joined, and again to be cut: others get their turn between the two.
    await nextTurn();
    return await work(body);
  } finally {
    budget.held -= held;
  }
}

async function readBody(request: IncomingMessage, limits: Limits, take: Take): Promise<void> {
  const encoding = encodingOf(request.headers['content-encoding']);
  const stated = Number(request.headers['content-length'] ?? 0);
  if (stated > limits.wireBytes) throw tooLarge(`${stated} bytes`, limits);
  if (encoding === 'identity') for await (const piece of wirePieces(request, limits)) take(piece);
  else await decompress(wirePieces(request, limits), encoding, limits, take);
}

function encodingOf(header: string | undefined): Encoding | 'identity' {
  const name = header?.trim().toLowerCase() ?? 'identity';
  const encoding = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined;
  if (encoding !== undefined) return encoding;
  throw new HttpProblem(415, `found Content-Encoding: ${name.slice(0, 100)}; expected gzip, zstd or none`, {
    'accept-encoding': 'gzip, zstd',
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
