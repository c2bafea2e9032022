/** Addresses that `tocsin run` cannot or will not listen on: one line that helps, exit 2, and nothing begun. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { temporary } from '../support/temporary.ts';

const ROOT = resolve(import.meta.dirname, '../..');

async function run(dir: string, ...args: string[]): Promise<{ code: unknown; stderr: string }> {
  const command = ['run', join(ROOT, 'pipelines/adtech.yml'), '--data', dir, '--olap-store', 'none', '--for', '20s', ...args];
  return new Promise((done) => {
    execFile(join(ROOT, 'bin/tocsin'), command, (error, _stdout, stderr) => done({ code: error?.code ?? 0, stderr }));
  });
}

test('a taken port, an address without a key, a wrong address', async (t) => {
  const dir = temporary(t);
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const at = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  for (const [args, line] of [
    [['--listen', at], new RegExp(`^tocsin: ${at} is taken by another program; choose another port`)],
    [['--listen', '0.0.0.0:0'], /^tocsin: --listen 0\.0\.0\.0:0 is reached from other machines and needs an API key: set TOCSIN_API_KEY/],
    [['--listen', '0.0.0.0:0', '--api-key', 'short'], /^tocsin: the API key is too short/],
    [['--listen', '8000'], /^tocsin: --listen 8000: expected HOST:PORT/],
  ] as const) {
    const { code, stderr } = await run(dir, ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, line);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
});
