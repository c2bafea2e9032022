import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { systemClock } from '../../core/clock.ts';
import { originKey, type DeadLetter } from '../../dead-letter/dead-letter.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { statePrefix } from '../../pipeline/aggregate/aggregate.ts';
import { toStateChanges } from '../../pipeline/state-codec.ts';
import { topicsOf } from '../../pipeline/topics.ts';
import {
  kafkaRunChange,
  pipelineRecord,
  pipelineRecordChange,
  readKafkaRuns,
  readPipelineRecords,
  type PipelineRecord,
} from '../../pipeline/pipeline-record.ts';
import { readAlerts } from './alerts.ts';
import { findDeadLetter, readDeadLetters } from './dead-letters.ts';
import { choosePipeline } from './reading.ts';
import { tail, type TailOptions } from './topics.ts';

const pipeline: PipelineRecord = {
  name: 'p',
  file: 'p.yml',
  sources: [{ name: 'events', topic: 'raw', partitions: 1, outOfOrdernessMs: 0 }],
  dimensions: [],
  measures: [],
  windows: [],
  rollups: [],
  topics: topicsOf('p'),
  olapStore: 'none',
  clock: 'append',
};

async function openLog(t: TestContext, topics: readonly string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock: systemClock });
  t.after(async () => {
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  });
  for (const topic of topics) await log.ensureTopic(topic, { partitions: topic === 'raw' ? 2 : 1 });
  const append = (topic: string, values: readonly string[], keys?: readonly string[], partition = 0) =>
    log.commit({ appends: [{ topic, partition, ...packRecords(values, keys) }] });
  return { log, append };
}

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function openLetters(t: TestContext, letters: readonly DeadLetter[]) {
  const { log, append } = await openLog(t, ['p.dlq']);
  await append(
    'p.dlq',
    letters.map((letter) => JSON.stringify(letter)),
    letters.map((letter) => originKey(letter.topic, letter.partition, letter.offset)),
  );
  return log;
}

const letter = (offset: number, reason: string): DeadLetter => ({
  topic: 'raw',
  partition: 0,
  offset,
  revision: 1,
  outcome: reason === 'late' ? 'late' : 'invalid',
  reason,
  payload: `record ${offset}`,
});

test('dead letters come with what became of them, and by reason', async (t) => {
  const log = await openLetters(t, [
    letter(3, 'late'),
    letter(4, 'missing:country'),
    letter(9, 'missing:device'),
    letter(10, 'missing_not'),
  ]);
  await log.commit({
    state: toStateChanges(`${statePrefix('p', 'raw/0')}verdict/`, [['raw/0/3', { outcome: 'invalid', reason: 'bad_json', at: 1 }]]),
  });
  const origins = async (reason?: string) =>
    (await listOf(readDeadLetters(log, pipeline, { ...(reason !== undefined && { reason }) }))).map(({ origin }) => origin);
  assert.deepEqual(await origins(), ['raw/0/3', 'raw/0/4', 'raw/0/9', 'raw/0/10']);
  assert.deepEqual(await origins('missing'), ['raw/0/4', 'raw/0/9']);
  assert.deepEqual(await origins('missing:device'), ['raw/0/9']);
  assert.deepEqual((await findDeadLetter(log, pipeline, 'raw/0/3'))?.replay, { outcome: 'invalid', reason: 'bad_json' });
  assert.equal((await findDeadLetter(log, pipeline, 'raw/0/4'))?.replay, undefined);
  assert.equal(await findDeadLetter(log, pipeline, 'raw/0/5'), undefined);
});

test('what others wrote on the dead-letter topic is left out', async (t) => {
  const { log, append } = await openLog(t, ['p.dlq']);
  await append('p.dlq', ['', JSON.stringify(letter(3, 'late')), '[]', '{"reason":"late"}'], ['', 'raw/0/3', '', '']);
  assert.deepEqual(
    (await listOf(readDeadLetters(log, pipeline, {}))).map(({ origin }) => origin),
    ['raw/0/3'],
  );
});

test('what others wrote there under the key of a letter hides none, nor that a record was judged twice', async (t) => {
  for (const keyOfOthers of ['raw/0/3', 'raw/0/x', 'raw/0/99', 'x', '']) {
    const { log, append } = await openLog(t, ['p.dlq']);
    const letters = [letter(3, 'late'), letter(4, 'late'), letter(4, 'bad_json')].map((one) => JSON.stringify(one));
    await append(
      'p.dlq',
      [letters[0]!, letters[1]!, 'not ours', letters[2]!, 'not ours'],
      ['raw/0/3', 'raw/0/4', keyOfOthers, 'raw/0/4', keyOfOthers],
    );
    assert.deepEqual(
      (await listOf(readDeadLetters(log, pipeline, {}))).map(({ origin, reason }) => [origin, reason]),
      [
        ['raw/0/3', 'late'],
        ['raw/0/4', 'bad_json'],
      ],
      keyOfOthers,
    );
    await append('p.dlq', ['not ours'], ['raw/0/4']);
    assert.equal((await findDeadLetter(log, pipeline, 'raw/0/4'))?.reason, 'bad_json', keyOfOthers);
  }
});

test('of a record that was judged again only the newest dead letter is shown', async (t) => {
  const log = await openLetters(t, [letter(3, 'late'), letter(7, 'late'), letter(3, 'bad_json'), letter(8, 'late')]);
  const shown = await listOf(readDeadLetters(log, pipeline, {}));
  assert.deepEqual(
    shown.map(({ offset, reason }) => [offset, reason]),
    [
      [7, 'late'],
      [3, 'bad_json'],
      [8, 'late'],
    ],
  );
});

test('an alert is one object: as it rang, with how it stands now', async (t) => {
  const { log, append } = await openLog(t, ['p.alerts']);
  const record = (alert_id: string, minute: number, status: string, repeat: number, more: object = {}) => {
    const alert_time = new Date(minute * 60_000).toISOString();
    return JSON.stringify({
      ...sampleAlert,
      detector: 'evidence',
      labels: {},
      alert_id,
      alert_time,
      status,
      repeat,
      current_value: minute,
      ...more,
    });
  };
  await append('p.alerts', [
    record('a', 1, 'firing', 0),
    record('b', 2, 'firing', 0),
    record('a', 11, 'firing', 1),
    record('a', 12, 'resolved', 0, { explanation: { ...sampleAlert.explanation, text: 'It lasts.', lasting: true } }),
    'a line of somebody else',
    record('c', 12, 'firing', 0),
    record('c', 13, 'resolved', 0, { current_value: null }),
  ]);
  const alerts = await readAlerts(log, pipeline, {});
  assert.deepEqual(alerts[0]!.explanation, { ...sampleAlert.explanation, lasting: true });
  assert.deepEqual(
    alerts.map(({ alert_id, alert_time, status, repeat, current_value, resolved_time }) => [
      alert_id,
      alert_time,
      status,
      repeat,
      current_value,
      resolved_time,
    ]),
    [
      ['a', '1970-01-01T00:01:00.000Z', 'resolved', 1, 1, '1970-01-01T00:12:00.000Z'],
      ['b', '1970-01-01T00:02:00.000Z', 'firing', 0, 2, null],
      ['c', '1970-01-01T00:12:00.000Z', 'resolved', 0, 12, '1970-01-01T00:13:00.000Z'],
    ],
  );
  assert.deepEqual(
    alerts.map(({ ending }) => ending),
    ['new_level', undefined, 'no_data'],
    'how it ended, though the values are those of its beginning',
  );
  assert.deepEqual(
    (await readAlerts(log, pipeline, { status: 'firing' })).map(({ alert_id }) => alert_id),
    ['b'],
  );
  assert.deepEqual(
    (await readAlerts(log, pipeline, { to: 120_000 })).map(({ alert_id }) => alert_id),
    ['a'],
  );
});

test('tail: the last ones, or from the beginning, of one partition or all', async (t) => {
  const { log, append } = await openLog(t, ['raw']);
  await append('raw', ['a', 'b', 'c']);
  await append('raw', ['x'], ['key'], 1);
  const values = async (options: Partial<TailOptions>) =>
    (await listOf(tail(log, { topic: 'raw', fromBeginning: false, follow: false, ...options }))).map(({ value }) => value).join('');
  assert.equal(await values({}), 'abcx');
  assert.equal(await values({ max: 2 }), 'bcx');
  assert.equal(await values({ max: 2, fromBeginning: true }), 'ab');
  assert.equal(await values({ partition: 1 }), 'x');
  await assert.rejects(values({ topic: 'none' }), { code: 'topic_unknown' });
  await assert.rejects(values({ partition: 2 }), { code: 'topic_unknown' });
});

test('tail follows what is appended until it is told to stop', async (t) => {
  const { log, append } = await openLog(t, ['raw']);
  await append('raw', ['a']);
  const stop = new AbortController();
  const seen: (string | null)[] = [];
  for await (const { value } of tail(log, { topic: 'raw', fromBeginning: true, follow: true, signal: stop.signal })) {
    seen.push(value);
    if (value === 'a') await append('raw', ['b']);
    else stop.abort();
  }
  assert.deepEqual(seen, ['a', 'b']);
});

test('a pipeline need be named only where there are several', async (t) => {
  const { log } = await openLog(t, []);
  const spec = { pipeline: 'p', sources: [], dimensions: [], measures: [], windows: [], rollups: [] };
  const limits = { maxSeries: 1, maxRecordBytes: 1, retireAfterMs: 1, idleAfterMs: 1 };
  const record = (name: string) =>
    pipelineRecord({ ...spec, limits, pipeline: name }, 'f.yml', topicsOf(name), {
      olapStore: 'http://me:secret@host:8123',
      clock: 'append',
      timeZone: 'UTC',
    });
  const choose = async (name?: string) =>
    choosePipeline({ dir: 'd', where: 'd', ranHere: [], pipelines: await readPipelineRecords(log) }, name).name;
  await assert.rejects(choose(), { code: 'pipeline_unknown' });
  await log.commit({ state: [pipelineRecordChange(record('a'))] });
  assert.equal(await choose(), 'a');
  await log.commit({ state: [pipelineRecordChange(record('b'))] });
  await assert.rejects(choose(), /a, b/);
  await assert.rejects(choose('c'), /a, b/);
  assert.equal(await choose('b'), 'b');
  // A secret of the command line does not lie about in the data directory.
  assert.equal((await readPipelineRecords(log))[0]!.olapStore, 'http://host:8123/');
});

test('of a broker that many share, the pipelines that ran with this data directory are meant', async (t) => {
  const { log } = await openLog(t, []);
  const [k1, k2] = ['kafka://k1:9092', 'kafka://k2:9092'];
  await log.commit({ state: [kafkaRunChange('a', k1), kafkaRunChange('b', k2), kafkaRunChange('c', `${k2}1`)] });
  assert.deepEqual([await readKafkaRuns(log, k1), await readKafkaRuns(log, k2)], [['a'], ['b']]);
  const pipelines = ['a', 'b', 'c'].map((name) => ({ ...pipeline, name }));
  const choose = (ranHere: readonly string[], name?: string): string =>
    choosePipeline({ dir: 'd', where: k1, ranHere, pipelines }, name).name;
  assert.equal(choose(['a']), 'a');
  assert.equal(choose(['a'], 'b'), 'b');
  const several = { code: 'pipeline_unknown', message: 'kafka://k1:9092 holds several pipelines: a, b. Choose one with --pipeline' };
  assert.throws(() => choose(['a', 'b']), several);
  assert.throws(() => choose([]), /several pipelines: a, b, c\./);
  assert.throws(() => choose(['a'], 'x'), /^AppError: no pipeline "x" in kafka:\/\/k1:9092; expected one of: a, b, c$/);
  const none = { dir: 'd', where: k1, ranHere: [], pipelines: [] };
  assert.throws(
    () => choosePipeline(none, 'x'),
    /has run on kafka:\/\/k1:9092 yet\. Start one with: tocsin run FILE --log kafka:\/\/k1:9092/,
  );
});
