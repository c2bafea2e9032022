/**
 * What `--input` names, as a regular file: it is looked into first, and read once for each way of counting. Standard input, and what else
 * can be read only once (a FIFO, a shell's `<(…)`, `/dev/stdin`), is kept in a file for as long as it is needed.
 */
import { createWriteStream, rmSync } from 'node:fs';
import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../core/errors.ts';
import { openInput, type ByteStream, type LineInput } from '../../sources/file/open-input.ts';

export interface InputFile {
  readonly path: string;
  /** For people: what was kept is gone when they read of it. */
  readonly name: string;
}

/**
 * `input`: a path, or `-`. What was kept is gone afterwards, also where `signal` ends it.
 * @throws AppError `input_unreadable`, `disk_full`
 */
export async function withInputFile<T>(
  input: string,
  stdin: ByteStream,
  signal: AbortSignal | undefined,
  work: (file: InputFile) => Promise<T>,
): Promise<T> {
  if (input !== '-' && !(await isReadOnce(input))) return work({ path: input, name: input });
  signal?.throwIfAborted();
  const name = input === '-' ? 'standard input' : input;
  const dir = await mkdtemp(join(tmpdir(), 'tocsin-backtest-')).catch((error: unknown) => {
    throw unkept(error, name);
  });
  const path = join(dir, 'input');
  try {
    await keep(input === '-' ? { stream: stdin } : { path: input }, path, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw unkept(error, name);
    });
    return await work({ path, name });
  } catch (error) {
    throw named(error, path, name);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What is not there, or is a directory, is told by whoever opens it. */
async function isReadOnce(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && !info.isFile() && !info.isDirectory();
}

async function keep(input: LineInput, path: string, signal: AbortSignal | undefined): Promise<void> {
  const opened = await openInput(input);
  // A pipe into which nobody writes would be waited for.
  const close = (): void => void opened.close();
  signal?.addEventListener('abort', close, { once: true });
  try {
    await pipeline(opened.pieces(0), createWriteStream(path), { ...(signal && { signal }) });
  } finally {
    signal?.removeEventListener('abort', close);
    await opened.close();
  }
}

/** What cannot be read has been told as such; the rest is about the file that keeps it. */
function unkept(error: unknown, name: string): unknown {
  if (error instanceof AppError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const why = isFull ? 'the disk or quota is full. Free some space there' : `${message}. Mend that`;
  return new AppError(
    isFull ? 'disk_full' : 'input_unreadable',
    `${name} cannot be kept in ${tmpdir()} while it is read: ${why}, name another folder in the environment variable TMPDIR, or give a file`,
    { retryable: isFull, cause: error },
  );
}

/** An error of those who know the path alone. */
function named(error: unknown, path: string, name: string): unknown {
  if (!(error instanceof AppError) || !error.message.includes(path)) return error;
  const { code, message, retryable } = error;
  return new AppError(code, message.replaceAll(path, name), { retryable, cause: error });
}
