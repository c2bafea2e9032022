import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { temporary } from '../../test/support/temporary.ts';
import { rowAt } from '../../test/support/window-row.ts';
import { pipelineRecord, pipelineRecordChange } from '../pipeline/pipeline-record.ts';
import { systemClock } from '../core/clock.ts';
import { packRecords } from '../log/batch.ts';
import { openDataDir } from '../log/embedded/data-dir.ts';
import { createEmbeddedLog } from '../log/embedded/embedded-log.ts';
import { topicsOf } from '../pipeline/topics.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

const row = rowAt(Date.parse('2025-12-18T20:57:00Z'), { pipeline: 'adtech' });

test('tables tell times by the zone that the pipeline was run with, and name it; JSON has UTC', async (t) => {
  const dir = temporary(t);
  const log = createEmbeddedLog({ path: openDataDir(dir, { create: true }).logPath, clock: systemClock });
  const topics = topicsOf('adtech');
  const windows = [{ name: '1m', sizeMs: 60_000, slideMs: 60_000 }];
  const limits = { maxSeries: 1, maxRecordBytes: 1, retireAfterMs: 1, idleAfterMs: 1 };
  const engine = { pipeline: 'adtech', sources: [], dimensions: [], measures: [], windows, rollups: [], limits };
  const run = { olapStore: 'none', clock: 'append', timeZone: 'Asia/Seoul' } as const;
  await log.commit({ state: [pipelineRecordChange(pipelineRecord(engine, 'adtech.yml', topics, run))] });
  const end = { ...sampleAlert, status: 'resolved', alert_time: '2025-12-18T15:02:10.000Z' };
  const again = { ...sampleAlert, alert_id: 'again', alert_time: '2025-12-18T02:50:00.000Z', cooldown_until: '2025-12-18T02:59:00.000Z' };
  await log.ensureTopic(topics.silences, { partitions: 1 });
  for (const [topic, records] of [
    [topics.windows, [row]],
    [topics.alerts, [sampleAlert, end, again]],
  ] as const) {
    await log.ensureTopic(topic, { partitions: 1 });
    await log.commit({ appends: [{ topic, partition: 0, ...packRecords(records.map((record) => JSON.stringify(record))) }] });
  }
  await log.close();
  const printed = async (...args: string[]): Promise<string> => {
    const lines: string[] = [];
    const terminal = { print: (line: string) => void lines.push(line), note: () => {} } as unknown as Terminal;
    await createProgram(terminal, () => {}).parseAsync(['node', 'tocsin', ...args, '--data', dir]);
    return lines.join('\n');
  };
  assert.match(await printed('windows'), /^window start \(Asia\/Seoul\) .*\n2025-12-19 05:57 /);
  assert.match(await printed('windows', '--from', '2025-12-19 05:57'), /\n2025-12-19 05:57 /);
  assert.equal(await printed('windows', '--to', '2025-12-19 05:57'), '');
  assert.equal(await printed('alerts', '--from', '2025-12-18 11:58:01'), '');
  assert.match(await printed('alerts', '--from', '2025-12-18 11:58:00'), /\n2025-12-18 11:58:00 /);
  assert.match(await printed('windows', '--json'), /"window_start":"2025-12-18T20:57:00\.000Z"/);
  assert.match(await printed('alerts'), /^rang at \(Asia\/Seoul\) .*\n2025-12-18 11:58:00 +resolved 2025-12-19 00:02:10 /);
  // Whoever was told of the one before, of this one too or not: the table does not know.
  assert.match(await printed('alerts'), /\n2025-12-18 11:50:00 +firing \(began within the cooldown\)  /);
  const added = await printed('silence', 'add', '--alert', sampleAlert.alert_id, '--for', '1d');
  const [, until] = / silenced until (\d{4}-\d\d-\d\d \d\d:\d\d) UTC\+9$/.exec(added)!;
  assert.match(await printed('silence', 'list'), new RegExp(`from \\(Asia/Seoul\\) +until \\(Asia/Seoul\\) .*\n.* ${until} `));
  assert.match(await printed('alerts', '--json'), /"alert_time":"2025-12-18T02:58:00\.000Z".*"resolved_time":"2025-12-18T15:02:10\.000Z"/);
});
