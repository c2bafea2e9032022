/** One partition's aggregation on its own: what it tells of its dead letters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../../test/property/temp-log.ts';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { AppError } from '../../core/errors.ts';
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import { packRecords, recordAt } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';
import { parseJson } from '../../windows/decode/decoder.ts';
import { compilePlan } from '../../windows/plan.ts';
import { ensureTopics } from '../engine.ts';
import { PARTIALS_SETTINGS, partialsTopic } from '../stage-topics.ts';
import { topicSettings, topicsOf } from '../topics.ts';
import { openAggregateStage, type AggregateStage } from './aggregate-stage.ts';

const source = smallSource();
const plan = compilePlan(smallSpec({ sources: [source], limits: { maxRecordBytes: 1_000_000 } }));
const topics = topicsOf('p');

async function withTopics(body: (log: Log) => Promise<void>): Promise<void> {
  await withTempLog(async ({ log }) => {
    await ensureTopics({ plan, topics }, log);
    await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
    await body(log);
  });
}

function open(log: Log, warn: (message: string) => void = () => {}): Promise<AggregateStage> {
  const common = {
    plan,
    topics,
    source,
    partition: 0,
    revision: 1,
    completeFrom: -Infinity,
    clock: 'event',
    maxBatchBytes: 4 << 20,
  } as const;
  const deps = { parse: parseJson, randomKey: (): [number, number] => [1, 2], elapsed: () => 0, monitorLag: async () => 0, warn };
  return openAggregateStage({ ...common, start: ({ start }) => start }, { ...deps, log });
}

async function bring(log: Log, stage: AggregateStage, ...values: (string | Uint8Array)[]): Promise<void> {
  await log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(values) }] });
  while ((await stage.step()) > 0);
  await stage.commit();
}

async function lettersOn(log: Log): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (let offset = 0; ;) {
    const batch = await log.read(topics.deadLetters, 0, offset, { maxBytes: 1 << 20 });
    if (!batch) return letters;
    for (let i = 0; i < batch.count; i++) letters.push(JSON.parse(Buffer.from(recordAt(batch, i)).toString()) as DeadLetter);
    offset = batch.firstOffset + batch.count;
  }
}

/** As Kafka does: what lies before the record that is too large stays appended, and nothing of the state is written. */
function taking(log: Log, maxBytes: number): Log {
  return {
    ...log,
    async commit(unit) {
      const appends = unit.appends ?? [];
      const refused = appends.findIndex(
        ({ topic, ends }) => topic === topics.deadLetters && ends.some((end, i) => end - (i === 0 ? 0 : ends[i - 1]!) > maxBytes),
      );
      if (refused === -1) return log.commit(unit);
      await log.commit({ appends: appends.filter(({ topic }, i) => topic !== topics.deadLetters || i < refused) });
      throw new AppError('record_too_large', 'larger than the broker takes');
    },
  };
}

for (const [what, record, kept] of [
  ['text', 'é'.repeat(400_000), 'payload'],
  ['no text', new Uint8Array(790_000).fill(0xff), 'payload_base64'],
] as const) {
  test(`a dead letter that its topic does not take (${what}) is told by its beginning, once, and counting goes on`, async () => {
    await withTopics(async (all) => {
      const log = taking(all, 500_000);
      const warnings: string[] = [];
      const stage = await open(log, (message) => warnings.push(message));
      // The first 1,024 make a piece of their own, which stands on the topic when the long one is refused.
      const short = Array.from({ length: 1_100 }, (_, i) => `broken ${i}`);
      await bring(log, stage, ...short, record, 'broken too');
      await bring(log, stage, JSON.stringify({ id: 'a', at: 1_000 }));
      const { totals } = stage.status();
      assert.deepEqual([totals.invalid, totals.accepted], [1_102, 1]);
      const letters = await lettersOn(all);
      assert.deepEqual(
        letters.map(({ offset }) => offset),
        Array.from({ length: 1_102 }, (_, i) => i),
      );
      const long = letters[1_100]!;
      assert.equal(long.truncated_from_bytes, Buffer.byteLength(record));
      const beginning = Buffer.from(long[kept]!, kept === 'payload' ? 'utf8' : 'base64');
      assert.ok(beginning.length > 150_000, `${beginning.length} bytes are kept`);
      assert.ok(beginning.equals(Buffer.from(record).subarray(0, beginning.length)));
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /t\/0.*p\.dlq.*max\.message\.bytes/);

      const next = await open(log);
      assert.deepEqual([await next.step(), (await lettersOn(all)).length], [0, 1_102]);
    });
  });
}

test('a commit that is too large for another reason than its dead letters fails', async () => {
  await withTopics(async (log) => {
    const stage = await open({
      ...log,
      commit: async (unit) => {
        if (unit.offsets?.some(({ offset }) => offset === 1)) throw new AppError('record_too_large', 'too much state');
        return log.commit(unit);
      },
    });
    await assert.rejects(bring(log, stage, 'broken'), /too much state/);
  });
});

test('the topics of dead letters and of their replays are to take the longest record that is counted, in base64 too', () => {
  const settings = new Map(topicSettings(topics, { replayPartitions: 1, maxRecordBytes: 1 << 20 }));
  const letter = { key: 'k'.repeat(300), text: JSON.stringify({ payload_base64: Buffer.alloc(1 << 20).toString('base64') }) };
  const longest = letter.key.length + letter.text.length + 4_096;
  for (const topic of [topics.deadLetters, topics.replay]) assert.ok(settings.get(topic)!.recordBytes! > longest);
});

/** Where on the dead letters it begins to read when the partition is taken over. */
async function readFrom(log: Log): Promise<number[]> {
  const offsets: number[] = [];
  const seen: Log = {
    ...log,
    async read(topic, partition, offset, limits) {
      if (topic === topics.deadLetters) offsets.push(offset);
      return log.read(topic, partition, offset, limits);
    },
  };
  await (await open(seen)).close();
  return offsets;
}

async function tellAs(log: Log, origin: string, count = 1): Promise<void> {
  const keys = Array.from({ length: count }, (_, i) => `${origin}/${i}`);
  await log.commit({ appends: [{ topic: topics.deadLetters, partition: 0, ...packRecords(keys, keys) }] });
}

test('the dead letters of other partitions are read over once', async () => {
  await withTopics(async (log) => {
    const stage = await open(log);
    await bring(log, stage, 'broken');
    await tellAs(log, 't/1', 500);
    assert.deepEqual(await readFrom(log), [0]);
    await tellAs(log, 't/10', 2);
    assert.deepEqual(await readFrom(log), [501]);
    assert.deepEqual(await readFrom(log), []);
  });
});

test('a dead letter that is not told again is waited for until its record has been judged', async () => {
  await withTopics(async (log) => {
    await (await open(log)).close();
    // Its detail is another one by now, or its schema takes it.
    await tellAs(log, 't/0', 3);
    await tellAs(log, 't/0/none');
    const stage = await open(log);
    const judgeAndGoOn = async (id: string): Promise<number[]> => {
      await bring(log, stage, JSON.stringify({ id, at: 1_000 }));
      for (let i = 0; i < 100; i++) await stage.commit();
      return readFrom(log);
    };
    assert.deepEqual(await judgeAndGoOn('a'), [0]);
    assert.deepEqual(await judgeAndGoOn('b'), [0]);
    assert.deepEqual(await judgeAndGoOn('c'), []);
  });
});
