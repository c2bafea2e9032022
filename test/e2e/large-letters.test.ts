/** Broken records as large as a broker takes them: each becomes a dead letter, whole where its topic takes that, and counting goes on. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import { service } from '../support/services.ts';
import { temporary } from '../support/temporary.ts';
import { countedOnKafka } from './counted-on-kafka.ts';
import { bring, valuesOf, withKafka } from './kafka-topic.ts';

const kafka = service('kafka');
/** In base64 more than the megabyte that a topic takes unless told otherwise. */
const LARGE_BYTES = 900_000;

for (const isThere of [false, true]) {
  const what = isThere ? 'that is there already, by its beginning' : 'that Tocsin makes, whole';
  test(`a large record that is no text lies on a topic of dead letters ${what}`, { skip: kafka.skip }, async (t) => {
    const { name, topic, run } = countedOnKafka(temporary(t), kafka.address);
    const large = randomBytes(LARGE_BYTES);
    const good = JSON.stringify({ id: 'a', at: '2026-03-02T10:00:00Z' });
    await bring(kafka.address, topic, [['broken', large, good]]);
    if (isThere) await withKafka(kafka.address, (log) => log.ensureTopic(`${name}.dlq`, { partitions: 1 }));
    const events = await run();
    assert.deepEqual([events.accepted, events.invalid], [1, 2]);

    const letters = (await valuesOf(kafka.address, `${name}.dlq`)).map((text) => JSON.parse(text) as DeadLetter);
    assert.deepEqual(
      letters.map(({ offset }) => offset),
      [0, 1],
    );
    const kept = Buffer.from(letters[1]!.payload_base64!, 'base64');
    assert.equal(letters[1]!.truncated_from_bytes, isThere ? LARGE_BYTES : undefined);
    assert.ok(isThere ? kept.length > 0.4 * LARGE_BYTES : kept.length === LARGE_BYTES, `${kept.length} bytes are kept`);
    assert.ok(kept.equals(large.subarray(0, kept.length)));
  });
}
