/** Reads a file, a FIFO or a stream as lines, from the start or from where an earlier reading came to. */
import { AppError } from '../../core/errors.ts';
import { DecompressionFault, decompress, recognise, type Compression } from './decompress.ts';
import { openInput, unreadable, type LineInput, type OpenedInput } from './open-input.ts';
import { resumeAt } from './resume.ts';
import { createSplitter, type LineChunk } from './splitter.ts';
import { createTrail, type LineResume } from './trail.ts';
import { createWaiter, type Waiter } from './waiter.ts';

export interface LineOptions {
  /** Go on after the chunk that had this; AppError `input_changed` when the input is another one. */
  readonly resume?: LineResume;
  /** Plain regular files: wait for more at the end, and hold back a last line without LF. Ends by `signal`. */
  readonly follow?: boolean;
  /** Ends the reading, without error, after the lines at hand. */
  readonly signal?: AbortSignal;
  /** Default 1 MiB. */
  readonly maxLineBytes?: number;
  /** Default 256 kB. */
  readonly chunkBytes?: number;
  /** Default 8192. */
  readonly chunkLines?: number;
  /** A line waits no longer than this for the chunk to fill, ms; default 100. */
  readonly flushAfterMs?: number;
}

/** Compressed bytes in one step: what a fault in a stream can take with it. Files are read again, in finer steps. */
const STREAM_STEP = 1_024;
const FILE_STEP = 65_536;

/**
 * Gzip and zstd are seen by their first bytes. At a fault in the data all complete lines before it come first.
 * @throws AppError `input_unreadable`, `input_changed`, while it is iterated
 */
export async function* openLines(input: LineInput, options: LineOptions = {}): AsyncGenerator<LineChunk> {
  const opened = await openInput(input);
  const waiter = createWaiter<IteratorResult<Uint8Array>>(options.signal, options.flushAfterMs ?? 100);
  try {
    const trail = createTrail();
    const { compression, whole } = await sniff(opened, options.follow === true, waiter);
    const follow = options.follow === true && opened.file !== undefined && compression === 'plain';
    let pieces: AsyncIterable<Uint8Array> = compression === 'plain' ? whole : expand(opened, compression, whole);
    if (options.resume) {
      const seekable = compression === 'plain' ? opened.file : undefined;
      const from = (position: number): AsyncIterable<Uint8Array> => opened.pieces(position, follow);
      pieces = resumeAt(options.resume, { name: opened.name, pieces, trail, ...(seekable ? { seekable: { ...seekable, from } } : {}) });
    }
    const splitter = createSplitter(
      {
        maxLineBytes: options.maxLineBytes ?? 1_048_576,
        chunkBytes: options.chunkBytes ?? 262_144,
        chunkLines: options.chunkLines ?? 8_192,
      },
      trail,
      options.resume?.line ?? 0,
    );

    const iterator = pieces[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = iterator.next();
        let result = await waiter.wait(next, splitter.hasLines());
        if (result === 'flush') {
          waiter.taken();
          yield splitter.take();
          result = await waiter.wait(next, false);
        }
        if (result === 'stopped' || result === 'flush') break;
        if (result.done) {
          if (!follow) splitter.end();
          break;
        }
        for (let at = 0; at < result.value.length;) {
          at = splitter.feed(result.value, at);
          if (!splitter.full()) continue;
          waiter.taken();
          yield splitter.take();
        }
      }
    } catch (error) {
      if (splitter.hasLines()) yield splitter.take();
      throw explained(opened.name, error, compression, trail.position());
    } finally {
      // Not awaited: it waits for a read at hand, which the closing below ends.
      void iterator.return?.(undefined).catch(() => {});
    }
    if (splitter.hasLines()) yield splitter.take();
  } finally {
    waiter.close();
    await opened.close();
  }
}

/** What the input is, by its first bytes; `whole` starts at its beginning. */
async function sniff(opened: OpenedInput, follow: boolean, waiter: Waiter<IteratorResult<Uint8Array>>) {
  const iterator = opened.pieces(0, follow)[Symbol.asyncIterator]();
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
  if (follow && opened.file && compression !== 'plain') return { compression, whole: opened.pieces(0, false) };
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
    for await (const piece of decompress(opened.pieces(0, false), compression, { stepBytes: FILE_STEP, fineFrom: error.offset })) {
      const rest = piece.subarray(Math.max(0, delivered - at));
      at += piece.length;
      if (rest.length > 0) yield rest;
    }
  }
}

function explained(name: string, error: unknown, compression: Compression | 'plain', position: number): unknown {
  if (error instanceof AppError || !(error instanceof DecompressionFault)) return error;
  const cut = error.message === 'unexpected end of file';
  const fault = cut
    ? `the ${compression} data ends in its middle, at byte ${error.offset}`
    : `the ${compression} data is broken at about byte ${error.offset}: ${error.message}`;
  const test = compression === 'gzip' ? 'gzip -t' : 'zstd -t';
  const text = `${fault}. The complete lines before it were read (${position} bytes decompressed). Test it with ${test}, get a sound copy and read that: it continues there.`;
  return unreadable(name, text, error);
}
