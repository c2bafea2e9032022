/** Runs all tests, in an order of our own; `node --test` sorts by name what it is given. Its report, and its exit code. */
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { testFiles } from '../test/together/folders.ts';

// Four at a time on two cores: tests of brokers, stores and processes wait now and then. A file is ended no sooner than the longest test ends itself.
const results = run({
  files: testFiles(),
  concurrency: 4,
  timeout: 900_000,
  execArgv: ['--import', new URL('left-running.ts', import.meta.url).href],
});
results.on('test:summary', ({ success }) => {
  if (!success) process.exitCode = 1;
});
results.compose(spec).pipe(process.stdout);
