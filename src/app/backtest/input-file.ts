/** What `--input` names, as a file: standard input is kept in one, as it is looked into first, and read once for each way of counting. */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** `input`: a path, or `-`. What was kept is gone afterwards, also where `signal` ends it. */
export async function withInputFile<T>(
  input: string,
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal | undefined,
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (input !== '-') return work(input);
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-backtest-'));
  try {
    const path = join(dir, 'standard-input');
    await pipeline(stdin, createWriteStream(path), { ...(signal && { signal }) });
    return await work(path);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
