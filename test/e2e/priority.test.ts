/** Two pipelines in one process, both with a backlog: the one of higher priority reads its own first, the other one after it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { PipelineStatus } from '../../src/server/api.ts';
import { output, startFor, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const RECORDS = 60_000;

test('while a pipeline is behind those of lower priority give way, and lose nothing', { timeout: 120_000 }, async (t) => {
  const dir = temporary(t);
  const data = path.join(dir, 'data');
  const files = ['high', 'low'].map((name) => {
    const file = path.join(dir, `${name}.yml`);
    const priority = name === 'high' ? 10 : 0;
    const event = '{ time: at }';
    const source = `{ topic: ${name}-raw }`;
    writeFileSync(
      file,
      `pipeline: ${name}\nsource: ${source}\nevent: ${event}\nmeasures: { hits: { count: events } }\nwindows: [1m]\npriority: ${priority}\n`,
    );
    return file;
  });
  const lines = Array.from({ length: RECORDS }, (_, i) => JSON.stringify({ at: new Date(1_700_000_000_000 + i * 10).toISOString() }));
  for (const name of ['low', 'high']) {
    await output(['ingest', '-', '--topic', `${name}-raw`, '--partitions', '1', '--data', data, '--quiet'], {
      input: Buffer.from(`${lines.join('\n')}\n`),
    });
  }
  const slow = ['--batch-records', '5', '--listen', '127.0.0.1:0', '--olap-store', 'none', '--clock', 'event'];
  const running = startFor(t, ['run', ...files.toReversed(), '--data', data, ...slow]);
  const url = await until('the API', () => /(http:\/\/127\.0\.0\.1:\d+);/.exec(running.stderr())?.[1]);
  const status = async (name: string): Promise<PipelineStatus> =>
    (await (await fetch(`${url}/api/v1/pipelines/${name}/status`)).json()) as PipelineStatus;

  let gaveWay = false;
  await until(
    'the higher one to be read, but for what is little enough to share the time',
    async () => {
      gaveWay ||= (await status('low')).backpressure.includes('priority');
      return (await status('high')).partitions[0]!.lag < 5_000;
    },
    60_000,
  );
  const { outcomes } = await status('low');
  assert.ok(gaveWay, 'the lower one did not give way');
  t.diagnostic(`meanwhile ${outcomes.read} of the lower one`);
  assert.ok(outcomes.read < RECORDS / 4, `${outcomes.read} records of the lower one were read meanwhile`);
  await until('the lower one to be read', async () => (await status('low')).outcomes.accepted === RECORDS, 60_000);
  assert.deepEqual((await status('low')).backpressure, []);
  assert.equal((await status('high')).outcomes.accepted, RECORDS);
});
