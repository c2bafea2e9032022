/** Work whose output nobody reads any more ends in good order, and not as if it were done; what only prints just ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { temporary } from '../support/temporary.ts';
import { ownPipeline } from './own-pipeline.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

async function endsUnread(t: TestContext, args: readonly string[], unread: 'stdout' | 'stderr'): Promise<unknown> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args]);
  t.after(() => child.kill('SIGKILL'));
  child[unread].destroy();
  child[unread === 'stdout' ? 'stderr' : 'stdout'].resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

test('a run ends with exit code 2 when the reader of its messages is gone, a command that reads with 0', async (t) => {
  const dir = temporary(t);
  const { file } = ownPipeline(dir, 1);
  const run = ['run', file, '--data', dir, '--listen', 'none', '--olap-store', 'none'];
  assert.deepEqual([await endsUnread(t, run, 'stderr'), await endsUnread(t, ['check', file], 'stdout')], [2, 0]);
});

test('a run whose output finds no room ends as one whose output nobody reads', { skip: !existsSync('/dev/full') }, async (t) => {
  const dir = temporary(t);
  const { file } = ownPipeline(dir, 1);
  const full = openSync('/dev/full', 'w');
  const args = ['run', file, '--data', dir, '--olap-store', 'none', '--once', '--input', '-', '--quiet', '--json'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  t.after(() => child.kill('SIGKILL'));
  const [said, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  assert.match(said, /^tocsin: cannot write the output \(ENOSPC.*\): stopping\n/);
  assert.equal(code, 2);
});
