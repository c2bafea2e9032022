/**
 * Folders whose tests touch nothing that belongs to a process share one: each process takes a quarter of a second of the processor before its
 * first test. A file that does touch such a thing (the environment, priorities) is called `*.alone.test.ts`, and has its own.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** By the file of `test/together` that runs them. */
const FOLDERS = {
  app: ['detect', 'embedded', 'readers', 'roles', 'run', 'serve', 'simulate'].map((folder) => `src/app/${folder}`),
  detectors: ['src/detectors'],
  pipeline: ['src/pipeline', 'src/windows'],
  rooms: ['src/alerts', 'src/config', 'src/core', 'src/dead-letter', 'src/notify', 'src/receivers', 'src/schemas'],
  page: ['web/src'],
};

export async function importTests(name: keyof typeof FOLDERS): Promise<void> {
  for (const file of sharing(name)) await import(pathToFileURL(path.join(ROOT, file)).href);
}

/**
 * Every test file that has a process of its own, from the root, in the order in which to run them: those across rooms, which are dear, come first,
 * so that no core is without work in the end while the other is at a long one.
 */
export function testFiles(): string[] {
  const shared = new Set((Object.keys(FOLDERS) as (keyof typeof FOLDERS)[]).flatMap(sharing));
  return ['test', 'src', 'web/src']
    .flatMap((folder) => globSync(`${folder}/**/*.test.ts`, { cwd: ROOT }).toSorted())
    .filter((file) => !shared.has(file));
}

function sharing(name: keyof typeof FOLDERS): string[] {
  const files = FOLDERS[name].flatMap((folder) => globSync(`${folder}/**/*.test.ts`, { cwd: ROOT }));
  if (files.length === 0) throw new Error(`there are no tests in ${FOLDERS[name].join(', ')}`);
  return files.filter((file) => !file.endsWith('.alone.test.ts')).toSorted();
}
