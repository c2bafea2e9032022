/** Runs all tests, in an order of our own; `node --test` sorts by name what it is given. Its report, and its exit code. */
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { testFiles } from '../test/together/folders.ts';

// Three at a time on two cores: tests of brokers, stores and processes wait now and then.
const results = run({
  files: testFiles(),
  concurrency: 3,
  timeout: 300_000,
  execArgv: ['--import', new URL('left-running.ts', import.meta.url).href],
});
results.on('test:summary', ({ success }) => {
  if (!success) process.exitCode = 1;
});
results.compose(spec).pipe(process.stdout);
