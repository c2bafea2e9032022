import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { loadPipeline } from '../../config/load-pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import { runPipelines } from '../run.ts';
import { withReading } from './reading.ts';
import { readStatus } from './status.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { RUN_DEFAULTS } from '../run/run-options.ts';

const ACCESS_LOG = join(import.meta.dirname, '../../../pipelines/access-log.yml');

test('an input that ends within its first window: the status says up to where windows would be final', async (t) => {
  const data = temporary(t);
  const line = (second: string) => `192.0.2.1 - - [02/Mar/2026:09:00:${second} +0000] "GET / HTTP/1.1" 200 123 "-" "-"\n`;
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  await runPipelines(
    {
      ...RUN_DEFAULTS,
      files: [{ ...loadPipeline(ACCESS_LOG), timeZone: 'Asia/Seoul' }],
      data,
      input: '-',
      once: true,
      olapStore: 'none',
      quiet: true,
    },
    {
      stdin: Readable.from([Buffer.from(line('01') + line('59'))]) as typeof process.stdin,
      stdout: nowhere(),
      stderr: nowhere(),
      signal: new AbortController().signal,
    },
  );
  const { pipelines } = await withReading(data, systemClock, (reading) => readStatus(reading, systemClock));
  const [{ frontier, partitions, windows, time_zone: zone }] = pipelines as [(typeof pipelines)[0]];
  assert.equal(frontier, partitions[0]?.watermark);
  assert.notEqual(frontier, null);
  assert.equal(zone, 'Asia/Seoul');
  assert.equal(windows['1m']?.results, 0);
});
