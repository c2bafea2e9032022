/** The script that brings services up: what it starts is there for the command, and gone after it, whatever ended the run. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { dockerWorks } from '../../scripts/services/container.ts';
import { accepts } from '../../scripts/services/port.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { ownService } from './services.ts';
import { until } from './until.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../scripts/services.ts');
const { skip } = await ownService('redis');

/** A run whose services keep their data in a folder of this test. */
function run(t: TestContext, args: readonly string[], env: Record<string, string> = {}): { child: ChildProcess; folder: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'tocsin-services-'));
  const { TOCSIN_TEST_REDIS: _, REQUIRE_SERVICES: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    env: { ...inherited, NODE_TEST_CONTEXT: '', TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return { child, folder };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return line;
}

const ended = async (child: ChildProcess): Promise<unknown> => child.exitCode ?? (await once(child, 'exit'))[0];

describe('services', { skip, concurrency: 2 }, () => {
  it('are there for the command, whose exit code is passed on, and gone afterwards', async (t) => {
    const { child, folder } = run(t, ['run', 'redis', '--', 'sh', '-c', 'echo $TOCSIN_TEST_REDIS; exit 7']);
    const port = Number(/^127\.0\.0\.1:(\d+)$/.exec(await firstLine(child))?.[1]);
    assert.equal(await ended(child), 7);
    assert.equal(await accepts(port), false);
    assert.deepEqual(readdirSync(folder), []);
  });

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`die with a run that gets ${signal}, and so does the command`, async (t) => {
      if (await dockerWorks()) return t.skip('looks at processes');
      const { child, folder } = run(t, ['run', 'redis', '--', 'sh', '-c', 'echo $TOCSIN_TEST_REDIS $$; exec sleep 60']);
      const [address = '', pid] = (await firstLine(child)).split(' ');
      const port = Number(address.split(':')[1]);
      assert.equal(await accepts(port), true);
      child.kill(signal);
      await until(async () => !(await accepts(port)) && readdirSync(folder).length === 0);
      await until(() => !existsSync(`/proc/${pid}/exe`));
    });
  }

  it('are taken from the environment where an address is there', async (t) => {
    const { child } = run(t, ['run', 'redis', '--', 'sh', '-c', 'echo $TOCSIN_TEST_REDIS'], { TOCSIN_TEST_REDIS: 'cache:1' });
    assert.equal(await firstLine(child), 'cache:1');
  });

  it('that are not known, or no command, are refused', async (t) => {
    for (const args of [['run', 'redsi', '--', 'true'], ['run', 'redis'], ['redis', '--', 'true'], []]) {
      const { child } = run(t, args);
      assert.equal(await ended(child), 2, args.join(' '));
    }
  });

  it('come back on the same port after a kill', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const port = Number(redis.address.split(':')[1]);
    await redis.kill();
    assert.equal(await accepts(port), false);
    await redis.restart();
    assert.equal(await accepts(port), true);
    await redis.restart();
    assert.equal(await accepts(port), true);
    await redis.stop();
    assert.equal(await accepts(port), false);
  });
});
