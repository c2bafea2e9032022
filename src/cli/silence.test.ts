import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { pipelineRecord, pipelineRecordChange } from '../pipeline/pipeline-record.ts';
import { systemClock } from '../core/clock.ts';
import { packRecords } from '../log/batch.ts';
import { openDataDir } from '../log/embedded/data-dir.ts';
import { createEmbeddedLog } from '../log/embedded/embedded-log.ts';
import { topicsOf } from '../pipeline/topics.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';
import { temporary } from '../../test/support/temporary.ts';
import { closedAt, rowAt } from '../../test/support/window-row.ts';

/** A directory in which pipeline `ads` ran, and has ended. */
async function setUp(t: TestContext, countries: readonly string[] = [], timeZone = 'UTC') {
  const dir = temporary(t);
  const { logPath } = openDataDir(dir, { create: true });
  const log = createEmbeddedLog({ path: logPath, clock: systemClock });
  const limits = { maxSeries: 1, maxRecordBytes: 1, retireAfterMs: 1, idleAfterMs: 1 };
  const spec = { pipeline: 'ads', sources: [], dimensions: ['country'], measures: [], windows: [], rollups: [], limits };
  const topics = topicsOf('ads');
  await log.ensureTopic(topics.silences, { partitions: 1 });
  const record = pipelineRecord(spec, 'ads.yml', topics, { olapStore: 'none', clock: 'append', timeZone });
  await log.commit({ state: [pipelineRecordChange(record)] });
  if (countries.length > 0) {
    const { windows } = topics;
    await log.ensureTopic(windows, { partitions: 1 });
    const rows = [...countries.map((country) => rowAt(0, { labels: { country } })), closedAt(0)].map((row) => JSON.stringify(row));
    await log.commit({ appends: [{ topic: windows, partition: 0, ...packRecords(rows) }] });
  }
  await log.close();
  return async (...args: string[]) => {
    const lines: string[] = [];
    const notes: string[] = [];
    const terminal = {
      print: (line: string) => void lines.push(line),
      note: (line: string) => void notes.push(line),
    } as unknown as Terminal;
    let code = 0;
    await createProgram(terminal, (found) => (code = found)).parseAsync(['node', 'tocsin', 'silence', ...args, '--data', dir]);
    return { lines, notes, code };
  };
}

test('a silence is added, listed and ended beside no running process', async (t) => {
  const run = await setUp(t);
  assert.deepEqual(await run('list'), { lines: [], notes: ['no silences under way'], code: 0 });
  const { lines } = await run('add', '--label', 'country=US', '--for', '2h', '--comment', 'a=b', '--by', 'kim', '--json');
  const added = JSON.parse(lines[0]!);
  assert.deepEqual(
    [added.matchers, added.status, added.comment, added.created_by, Date.parse(added.ends_at) - Date.parse(added.starts_at)],
    [{ country: 'US' }, 'active', 'a=b', 'kim', 7_200_000],
  );
  const listed = (await run('list')).lines;
  assert.equal(listed.length, 2);
  assert.match(listed[1]!, new RegExp(`^${added.id}  active  country=US +\\d{4}-.* kim +a=b$`));
  assert.match((await run('end', added.id)).lines[0]!, new RegExp(`^${added.id}: ended \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC$`));
  assert.deepEqual((await run('list')).notes, ['no silences under way']);
  assert.equal((await run('list', '--all', '--json')).lines.length, 1);
});

test('a label that no series has is silenced all the same, and said to be unknown', async (t) => {
  const run = await setUp(t, ['US', 'KR', 'US']);
  const add = (country: string, ...more: string[]) => run('add', '--label', `country=${country}`, '--for', '1h', ...more);
  const { lines, notes, code } = await add('XX');
  assert.deepEqual([lines.length, code], [1, 0]);
  assert.match(notes.join('\n'), /^no series that is known now has country=XX: the silence holds for those to come\. .* country KR, US$/);
  assert.deepEqual((await add('KR')).notes, []);
  // Where nothing has been counted yet, nothing is known.
  const fresh = await setUp(t);
  assert.deepEqual((await fresh('add', '--label', 'country=XX', '--for', '1h')).notes, []);
});

test('labels with several values, and what no alert has, are refused', async (t) => {
  const run = await setUp(t);
  await assert.rejects(run('add', '--label', 'land=US', '--for', '2h'), { code: 'usage', message: /found the label "land"/ });
  await assert.rejects(run('add', '--for', '2h'), { code: 'usage', message: /would silence everything/ });
  await assert.rejects(run('add', '--label', 'country=US'), {
    code: 'usage',
    message: /found no end; .*\(--for, such as 2h\).*\(--until, /,
  });
  const wrong = (...args: string[]) => run('add', '--label', 'country=US', ...args);
  await assert.rejects(wrong('--until', 'soon'), { message: /found --until "soon"/ });
  await assert.rejects(wrong('--for', 'long'), { message: /found --for "long"/ });
  await assert.rejects(run('add', '--alert', '17', '--for', '2h'), { message: /found --alert "17"/ });
  await assert.rejects(run('end', 'x'), { code: 'silence_unknown' });
});

test('a silence begins and ends by the clock by which its times are printed', async (t) => {
  const run = await setUp(t, [], 'Asia/Seoul');
  const shown = (ms: number): string => new Date(Date.now() + 9 * 3_600_000 + ms).toISOString().slice(0, 16).replace('T', ' ');
  const [starts, until] = [shown(3_600_000), shown(7_200_000)];
  const { lines } = await run('add', '--label', 'country=US', '--starts', starts, '--until', until, '--json');
  await assert.rejects(run('add', '--label', 'country=US', '--starts', until, '--until', starts), {
    message: new RegExp(`found the end ${starts} UTC\\+9; expected one after ${until} UTC\\+9, when it begins`),
  });
  const { starts_at, ends_at } = JSON.parse(lines[0]!);
  assert.deepEqual(
    [starts_at, ends_at],
    [starts, until].map((text) => new Date(`${text.replace(' ', 'T')}:00+09:00`).toISOString()),
  );
});
