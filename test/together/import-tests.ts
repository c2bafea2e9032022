/**
 * Tests of rooms that touch nothing that belongs to a process share one: each process takes a quarter of a second of the processor before its
 * first test. A file that does touch such a thing (the environment, priorities) is called `*.alone.test.ts`, and has its own.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** `scripts/test.sh` reads the folders from where this is called, and runs all other files by themselves. */
export async function importTests(...folders: readonly string[]): Promise<void> {
  const files = folders.flatMap((folder) => globSync(`${folder}/**/*.test.ts`, { cwd: ROOT })).toSorted();
  if (files.length === 0) throw new Error(`there are no tests in ${folders.join(', ')}`);
  for (const file of files) {
    if (!file.endsWith('.alone.test.ts')) await import(pathToFileURL(path.join(ROOT, file)).href);
  }
}
