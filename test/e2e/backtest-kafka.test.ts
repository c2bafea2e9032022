/** A backtest of a pipeline whose log is in Kafka reads that log, and not the one that its data directory may hold from before. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { BacktestReport } from '../../src/server/api.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { service } from '../support/services.ts';
import { ownPipeline } from './own-pipeline.ts';
import { SAMPLE } from './sample-checks.ts';
import { beginFor, output, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');

test('over HTTP and on the command line the windows are those of the topic', { skip: kafka.skip || sampleMissing }, async (t) => {
  const dir = temporary(t);
  const { file, name } = ownPipeline(dir, 1);
  const data = ['--data', path.join(dir, 'data')];
  const log = ['--log', `kafka://${kafka.address}`];
  const olap = ['--olap-store', 'none'];
  // Before, the same pipeline ran here with the log in the directory, over nothing.
  await output(['run', file, ...data, ...olap, '--input', '/dev/null', '--once', '--quiet']);
  await output(['run', file, ...data, ...log, ...olap, '--input', SAMPLE, '--once', '--quiet']);
  const told = JSON.parse(await output(['backtest', file, ...data, ...log, '--json'])) as BacktestReport;
  assert.equal(told.source, 'log');
  assert.ok(told.windows > 0 && told.rows > 300, JSON.stringify({ ...told, settings: [] }));

  const run = beginFor(t, ['run', file, ...data, ...log, ...olap, '--listen', '127.0.0.1:0']);
  const origin = await until('the server', () => /http:\/\/127\.0\.0\.1:\d+/.exec(run.stderr())?.[0]);
  const response = await fetch(`${origin}/api/v1/pipelines/${name}/backtest`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const asked = (await response.json()) as BacktestReport;
  assert.equal(response.status, 200, JSON.stringify(asked));
  assert.deepEqual({ ...asked, seconds: 0 }, { ...told, seconds: 0 });
  assert.equal((await run.interrupt()).code, 0);
});
