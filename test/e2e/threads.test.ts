/** The command line with threads: the same rows as without, also on a topic that is read while it is written. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { lastRows } from './last-rows.ts';
import { ownPipeline } from './own-pipeline.ts';
import { checkDetail, SAMPLE } from './sample-checks.ts';
import { objects, output, start, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const PARTITIONS = 3;

test('three partitions in two threads give the rows that the main thread gives', { skip: sampleMissing, timeout: 120_000 }, async (t) => {
  const dir = temporary(t);
  const { file, name, topic } = ownPipeline(dir, PARTITIONS);
  const lines = gunzipSync(readFileSync(SAMPLE)).toString().split('\n');

  async function rows(threads: number): Promise<{ summary: object; tail: Map<string, unknown> }> {
    const data = path.join(dir, `data-${threads}`);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const input = Buffer.from(`${lines.filter((_line, i) => i % PARTITIONS === partition).join('\n')}\n`);
      const at = ['--topic', topic, '--partition', String(partition), '--partitions', String(PARTITIONS), '--data', data, '--quiet'];
      await output(['ingest', '-', ...at], { input });
    }
    const summary = await output(['run', file, '--once', '--json', '--olap-store', 'none', '--data', data, '--threads', String(threads)]);
    const tail = await output(['log', 'tail', `${name}.windows`, '--from-beginning', '--data', data]);
    return {
      summary: { ...(JSON.parse(summary) as object), seconds: 0 },
      tail: lastRows(tail.split('\n').filter((line) => line !== '')),
    };
  }

  const [one, two] = [await rows(1), await rows(2)];
  assert.ok(one.tail.size > 1_000);
  assert.deepEqual(two, one);
});

test('a live run counts in threads what is brought while it runs, and says so in its status', { timeout: 120_000 }, async (t) => {
  const dir = temporary(t);
  const { file, topic } = ownPipeline(dir, PARTITIONS);
  const data = path.join(dir, 'data');
  const running = start(['run', file, '--data', data, '--olap-store', 'none', '--threads', '2']);
  t.after(() => running.stop('SIGTERM'));
  await until('the run', () => running.stderr().includes('Ctrl-C ends it'));
  await output(['ingest', '-', '--topic', topic, '--data', data, '--quiet'], { input: Buffer.from('no event\n'.repeat(1_000)) });
  interface Status {
    readonly holder: { readonly pipelines: readonly { readonly threads: object }[] };
    readonly pipelines: readonly { readonly events: { readonly invalid: number } }[];
  }
  const status = async (): Promise<Status> => JSON.parse(await output(['status', '--data', data, '--json'])) as Status;
  await until('the events', async () => (await status()).pipelines[0]?.events.invalid === 1_000);
  assert.deepEqual((await status()).holder.pipelines[0]!.threads, { running: 2, restarts: 0 });
  const [letter] = await objects<DeadLetter>(['dlq', 'list', '--max', '1', '--data', data, '--json']);
  checkDetail(letter!);
  const { code } = await running.stop('SIGINT');
  assert.equal(code, 0, running.stderr());
});
