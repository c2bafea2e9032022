import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { temporary } from '../../test/support/temporary.ts';
import { systemClock } from '../core/clock.ts';
import { packRecords } from '../log/batch.ts';
import { openDataDir } from '../log/embedded/data-dir.ts';
import { createEmbeddedLog } from '../log/embedded/embedded-log.ts';
import { pipelineRecord, pipelineRecordChange } from '../pipeline/pipeline-record.ts';
import { topicsOf } from '../pipeline/topics.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

test('who speaks for whom is as of the newest record, in the table and as JSON', async (t) => {
  const dir = temporary(t);
  const { logPath } = openDataDir(dir, { create: true });
  const log = createEmbeddedLog({ path: logPath, clock: systemClock });
  const limits = { maxSeries: 1, maxRecordBytes: 1, retireAfterMs: 1, idleAfterMs: 1 };
  const spec = { pipeline: 'ads', sources: [], dimensions: ['country', 'format'], measures: [], windows: [], rollups: [], limits };
  const topics = topicsOf('ads');
  const record = pipelineRecord(spec, 'ads.yml', topics, { olapStore: 'none', clock: 'append', timeZone: 'UTC' });
  const [video, banner, country] = [{ country: 'KR', format: 'video' }, { country: 'KR', format: 'banner' }, { country: 'KR' }];
  const always = { ...sampleAlert, pipeline: 'ads', severity: 'low' };
  const alert = (alert_id: string, minute: number, labels: object, more: object = {}): string =>
    JSON.stringify({ ...always, alert_id, alert_time: new Date(minute * 60_000).toISOString(), labels, ...more });
  const members = [video, banner].map((labels, i) => ({ alert_id: `${i}`, labels, series: '', since: '', told: i === 0 }));
  // The country takes in one that rang before it, and one that rings with it; that one goes on by itself.
  const records = [
    alert('0', 1, video),
    alert('all', 3, country, { members: members.slice(0, 1) }),
    alert('1', 3, banner, { part_of: 'all' }),
    alert('all', 13, country, { repeat: 1, members }),
    alert('all', 14, country, { status: 'resolved' }),
    alert('1', 15, banner, { repeat: 1 }),
  ];
  await log.ensureTopic(topics.alerts, { partitions: 1 });
  await log.commit({
    state: [pipelineRecordChange(record)],
    appends: [{ topic: topics.alerts, partition: 0, ...packRecords(records) }],
  });
  await log.close();

  const printed = async (...args: string[]): Promise<string[]> => {
    const lines: string[] = [];
    const terminal = { print: (line: string) => void lines.push(line) } as unknown as Terminal;
    await createProgram(terminal, () => {}).parseAsync(['node', 'tocsin', 'alerts', ...args, '--data', dir]);
    return lines;
  };
  const statuses = (lines: readonly string[]): string[] => lines.slice(1).map((line) => line.split(/ {2,}/)[1]!);
  assert.deepEqual(statuses(await printed()), ['firing (folded into KR)', 'resolved 1970-01-01 00:14:00 (speaks for 2 more)', 'firing']);
  // Who speaks is named though it is not asked for.
  assert.deepEqual(statuses(await printed('--to', '1970-01-01T00:02:00Z')), ['firing (folded into KR)']);
  assert.deepEqual(
    (await printed('--json')).map((line) => JSON.parse(line)).map(({ part_of, members: spokenFor }) => [part_of, spokenFor]),
    [
      ['all', undefined],
      [undefined, members],
      [undefined, undefined],
    ],
  );
  assert.deepEqual(statuses(await printed('--records'))[2], 'firing (folded)');
});
