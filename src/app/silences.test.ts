import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { memoryTopic } from '../../test/server/memory-topic.ts';
import { createSilences } from './silences.ts';

const START = Date.parse('2026-03-02T09:00:00.000Z');

function setUp() {
  const topic = memoryTopic('p.silences');
  const clock = { ms: START };
  const open = () =>
    createSilences(
      { pipeline: 'p', topic: 'p.silences', dimensions: ['country'], measures: ['ctr'] },
      { ...topic, clock: { now: () => clock.ms }, newId: randomUUID },
    );
  return { topic, clock, open };
}

test('what one process adds another lists, and ends', async () => {
  const { topic, clock, open } = setUp();
  const [here, there] = [open(), open()];
  const added = await here.add({ matchers: { country: 'US' }, for: '2h' });
  assert.deepEqual(await there.list(), [added]);
  clock.ms += 60_000;
  const ended = await there.end(added.id.toUpperCase());
  assert.equal(ended.ended_at, '2026-03-02T09:01:00.000Z');
  assert.deepEqual(await here.list(), [ended]);
  assert.deepEqual(await here.end(added.id), ended, 'one that is over stays as it is');
  assert.equal(topic.records.length, 2);
});

test('one that is not there cannot be ended', async () => {
  const { open } = setUp();
  await assert.rejects(open().end('x'), { code: 'silence_unknown', message: 'no silence "x" in p; none is under way' });
  const { id } = await open().add({ measure: 'ctr', for: '1h' });
  await assert.rejects(open().end('x'), { code: 'silence_unknown', message: new RegExp(`under way: ${id}`) });
});

test('there are at most 1,000 at once', async () => {
  const { open, clock } = setUp();
  const silences = open();
  for (let n = 0; n < 1_000; n++) await silences.add({ matchers: { country: String(n) }, for: '1h' });
  await assert.rejects(silences.add({ measure: 'ctr', for: '1h' }), { code: 'silence_limit', message: /found 1000 silences of p/ });
  clock.ms += 3_600_000;
  await silences.add({ measure: 'ctr', for: '1h' });
  assert.equal((await silences.list()).length, 1_001);
});
