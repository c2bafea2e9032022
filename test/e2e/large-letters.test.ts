/** Broken records as large as a broker takes them: each becomes a dead letter, whole where its topic takes that, and counting goes on. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import { service } from '../support/services.ts';
import { temporary } from '../support/temporary.ts';
import { bring, valuesOf, withKafka } from './kafka-topic.ts';
import { output } from './tocsin.ts';

const kafka = service('kafka');
/** In base64 more than the megabyte that a topic takes unless told otherwise. */
const LARGE_BYTES = 900_000;

for (const isThere of [false, true]) {
  const what = isThere ? 'that is there already, by its beginning' : 'that Tocsin makes, whole';
  test(`a large record that is no text lies on a topic of dead letters ${what}`, { skip: kafka.skip }, async (t) => {
    const dir = temporary(t);
    const name = `large${randomBytes(4).toString('hex')}`;
    const file = path.join(dir, 'large.yml');
    const measures = 'measures: { n: { count: events } }';
    writeFileSync(
      file,
      `pipeline: ${name}\nsource: { topic: ${name}-raw }\nevent: { id: id, time: at }\ndimensions: []\n${measures}\nwindows: [1m]\n`,
    );
    const large = randomBytes(LARGE_BYTES);
    const good = JSON.stringify({ id: 'a', at: '2026-03-02T10:00:00Z' });
    await bring(kafka.address, `${name}-raw`, [['broken', large, good]]);
    if (isThere) await withKafka(kafka.address, (log) => log.ensureTopic(`${name}.dlq`, { partitions: 1 }));
    const args = [
      '--log',
      `kafka://${kafka.address}`,
      '--data',
      path.join(dir, 'data'),
      '--once',
      '--json',
      '--quiet',
      '--olap-store',
      'none',
    ];
    const { events } = JSON.parse(await output(['run', file, ...args])) as { events: { accepted: number; invalid: number } };
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
