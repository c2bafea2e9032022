import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { packRecords } from '../../log/batch.ts';
import { createReadElsewhere } from './read-elsewhere.ts';

/** Offsets and ends as Kafka would tell them, to be moved by the test; a second goes by from one question to the next. */
function pipelineElsewhere() {
  const raw = { offset: 0, end: 0 };
  const partials = { offset: 0, end: 0 };
  const at = { now: 0, refused: false, records: true };
  const connection = {
    async lag(group: string, [topic = '']: readonly string[]) {
      if (at.refused) throw new AppError('log_refused', 'no');
      const { offset, end } = group === 'p' ? raw : partials;
      return [{ topic, partition: 0, offset, end, lag: end - offset }];
    },
  };
  const reader = {
    read: async (topic: string, partition: number, firstOffset: number) =>
      at.records ? { topic, partition, firstOffset, count: 1, appendTimes: new Float64Array(1), ...packRecords(['x']) } : undefined,
  };
  const ask = createReadElsewhere({ pipeline: 'p', topics: ['raw'] }, { connection, reader, clock: { elapsed: () => at.now } });
  const isRead = (): Promise<boolean> => ((at.now += 1_000), ask());
  return { raw, partials, at, isRead };
}

test('what was there when it was asked first is counted, then what came of that is judged: it is read', async () => {
  const { raw, partials, isRead } = pipelineElsewhere();
  raw.end = 5;
  assert.equal(await isRead(), false);
  // Others go on sending: that is not waited for.
  [raw.offset, raw.end, partials.end] = [5, 9, 3];
  assert.equal(await isRead(), false, 'counted, and not judged');
  [partials.offset, partials.end] = [3, 4];
  assert.equal(await isRead(), true);
});

test('it is asked again and again: one that falls behind is no longer taken for read', async () => {
  const { raw, isRead } = pipelineElsewhere();
  assert.equal(await isRead(), true, 'nothing has ever come');
  raw.end = 100;
  const answers: boolean[] = [];
  for (let second = 0; second < 20; second++) answers.push(await isRead());
  assert.equal(answers.indexOf(false), 15, 'it was read a quarter of a minute ago');
  assert.ok(!answers.slice(15).includes(true));
});

test('where marks of transactions alone are left all is read; who may not look does not know', async () => {
  const { raw, at, isRead } = pipelineElsewhere();
  at.refused = true;
  assert.equal(await isRead(), false);
  at.refused = false;
  raw.end = 1;
  assert.equal(await isRead(), false);
  at.records = false;
  assert.equal(await isRead(), true);
});
