/** Lines of one input: a file, a FIFO or a stream. */
import { explained, openContent } from './content.ts';
import type { Following, OpenedInput } from './open-input.ts';
import { createSplitter, type LineChunk } from './splitter.ts';
import { createTrail, type LineResume } from './trail.ts';
import { createWaiter } from './waiter.ts';

export interface InputOptions {
  /** Go on after the chunk that had this; AppError `input_changed` when the input is another one. */
  readonly resume?: LineResume;
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

/**
 * Gzip and zstd are seen by their first bytes. At a fault in the data all complete lines before it come first. A last line without LF
 * counts where the input ends, not where the signal ends the reading.
 * @throws AppError `input_unreadable`, `input_changed`, while it is iterated
 */
export async function* inputLines(
  opened: OpenedInput,
  options: InputOptions & { readonly following?: Following; readonly mayGoOn?: boolean },
): AsyncGenerator<LineChunk> {
  const { signal, resume } = options;
  const waiter = createWaiter<IteratorResult<Uint8Array>>(signal, options.flushAfterMs ?? 100);
  try {
    const trail = createTrail();
    const { pieces, compression } = await openContent(opened, { ...options, trail }, waiter);
    const splitter = createSplitter(
      {
        maxLineBytes: options.maxLineBytes ?? 1_048_576,
        chunkBytes: options.chunkBytes ?? 262_144,
        chunkLines: options.chunkLines ?? 8_192,
      },
      trail,
      resume?.line ?? 0,
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
          splitter.end();
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
      // Not awaited: it waits for a read at hand, which the closing of the input ends.
      void iterator.return?.(undefined).catch(() => {});
    }
    if (splitter.hasLines()) yield splitter.take();
  } finally {
    waiter.close();
  }
}
