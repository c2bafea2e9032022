/** The plain content of an input, whatever it is compressed with, from its beginning or from where an earlier reading came to. */
import { AppError } from '../../core/errors.ts';
import { DecompressionFault, decompress, recognise, type Compression } from './decompress.ts';
import { unreadable, type Following, type OpenedInput } from './open-input.ts';
import { resumeAt } from './resume.ts';
import type { LineResume, Trail } from './trail.ts';
import type { Waiter } from './waiter.ts';

/** Compressed bytes in one step: what a fault in a stream can take with it. Files are read again, in finer steps. */
const STREAM_STEP = 1_024;
const FILE_STEP = 65_536;

export interface Content {
  /** @throws AppError `input_changed`, `input_unreadable`, DecompressionFault, while it is iterated */
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly compression: Compression | 'plain';
}

export interface ContentOptions {
  readonly trail: Trail;
  readonly resume?: LineResume;
  readonly mayGoOn?: boolean;
  /** Plain regular files only; others end where they end. */
  readonly following?: Following;
}

export async function openContent(
  opened: OpenedInput,
  { trail, resume, mayGoOn, following }: ContentOptions,
  waiter: Pick<Waiter<IteratorResult<Uint8Array>>, 'wait'>,
): Promise<Content> {
  // What is resumed has bytes, or is another file.
  const { compression, whole } = await sniff(opened, resume ? undefined : following, waiter);
  const pieces = compression === 'plain' ? whole : expand(opened, compression, whole);
  if (!resume) return { pieces, compression };
  const { file } = opened;
  const from = (position: number): AsyncIterable<Uint8Array> => opened.pieces(position, following);
  const seekable = compression === 'plain' && file ? { ...file, from } : undefined;
  return {
    pieces: resumeAt(resume, { name: opened.name, pieces, trail, ...(mayGoOn && { mayGoOn }), ...(seekable && { seekable }) }),
    compression,
  };
}

/** What the input is, by its first bytes; `whole` starts at its beginning. */
async function sniff(opened: OpenedInput, following: Following | undefined, waiter: Pick<Waiter<IteratorResult<Uint8Array>>, 'wait'>) {
  const iterator = opened.pieces(0, following)[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let compression: Compression | 'plain' | undefined;
  while (compression === undefined) {
    const result = await waiter.wait(iterator.next(), false);
    if (typeof result === 'string' || result.done) compression = 'plain';
    else {
      first.push(result.value);
      compression = recognise(Buffer.concat(first).subarray(0, 4));
    }
  }
  if (following && opened.file && compression !== 'plain') return { compression, whole: opened.pieces(0) };
  const whole = (async function* (): AsyncGenerator<Uint8Array> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => iterator };
  })();
  return { compression, whole };
}

/** A fault takes the whole step's output with it; so a file is read again up to there and then byte by byte. */
async function* expand(opened: OpenedInput, compression: Compression, whole: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let delivered = 0;
  try {
    for await (const piece of decompress(whole, compression, { stepBytes: opened.file ? FILE_STEP : STREAM_STEP })) {
      delivered += piece.length;
      yield piece;
    }
  } catch (error) {
    if (!(error instanceof DecompressionFault) || !opened.file) throw error;
    let at = 0;
    for await (const piece of decompress(opened.pieces(0), compression, { stepBytes: FILE_STEP, fineFrom: error.offset })) {
      const rest = piece.subarray(Math.max(0, delivered - at));
      at += piece.length;
      if (rest.length > 0) yield rest;
    }
  }
}

/** A fault of the compressed data, as people are told it. `position`: of the last complete line. */
export function explained(name: string, error: unknown, compression: Compression | 'plain', position: number): unknown {
  if (error instanceof AppError || !(error instanceof DecompressionFault)) return error;
  const cut = error.message === 'unexpected end of file';
  const fault = cut
    ? `the ${compression} data ends in its middle, at byte ${error.offset}`
    : `the ${compression} data is broken at about byte ${error.offset}: ${error.message}`;
  const test = compression === 'gzip' ? 'gzip -t' : 'zstd -t';
  const text = `${fault}. The complete lines before it were read (${position} bytes decompressed). Test it with ${test}, get a sound copy and read that: it continues there.`;
  return unreadable(name, text, error);
}
