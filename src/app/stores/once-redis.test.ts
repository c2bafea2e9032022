/** Runs with `--once` on a Redis that stays: in the end it has what the log has. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { startRedis } from '../../../scripts/services/redis.ts';
import { ownService } from '../../../test/support/services.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { createRedisHotStore } from '../../hot-store/redis/redis-store.ts';
import { RUN_DEFAULTS } from '../run/run-options.ts';
import { runPipelines } from '../run.ts';

const ACCESS_LOG = join(import.meta.dirname, '../../../pipelines/access-log.yml');

test('rows that one run could not bring to Redis are brought by the next', { skip: (await ownService('redis')).skip }, async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const data = temporary(t);
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = (time: string, method = 'GET') => `192.0.2.1 - - [02/Mar/2026:${time} +0000] "${method} / HTTP/1.1" 200 123 "-" "-"\n`;
  const run = (input: string, hotStore: string): Promise<void> =>
    runPipelines(
      { ...RUN_DEFAULTS, files: [ACCESS_LOG], data, ...(input && { input: '-' }), once: true, olapStore: 'none', quiet: true, hotStore },
      {
        stdin: Readable.from([Buffer.from(input)]) as typeof process.stdin,
        stdout: nowhere(),
        stderr: nowhere(),
        signal: new AbortController().signal,
      },
    );
  const url = `redis://${redis.address}`;
  await run(line('09:00:01') + line('09:05:00'), url);
  const store = await createRedisHotStore(
    { url, history: [], dimensions: { 'access-log': [] } },
    { clock: systemClock, logger: silentLogger },
  );
  t.after(() => store.close());
  const segments = async () => (await store.all('access-log', '1m')).map(({ labels }) => labels['method'] ?? 'all');
  assert.deepEqual(await segments(), ['GET', 'all']);
  assert.equal(await store.isFilled('access-log'), true);

  // A window that is closed when the run ends: no later one counts it again.
  await run(line('09:06:00', 'PUT') + line('09:30:00'), 'memory');
  assert.deepEqual(await segments(), ['GET', 'all']);
  await run('', url);
  assert.deepEqual(await segments(), ['GET', 'PUT', 'all']);
});
