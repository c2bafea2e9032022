/** What a broker answers to a request for records, as bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, Writer } from './client.ts';
import { explainKafkaError, kafkaErrorIds, mayPass } from './errors.ts';
import { parseAnswer } from './fetch-api.ts';

/** An answer without any partition. */
function emptyAnswer(heldBackMs: number): Reader {
  const writer = Writer.create()
    .appendInt32(heldBackMs)
    .appendInt16(0)
    .appendInt32(0)
    .appendArray([], () => {});
  return Reader.from(writer.appendTaggedFields().buffer);
}

const parse = (answer: Reader): unknown => parseAnswer(0, 1, 12, answer);

test('an answer without records to one that a quota holds back does not say that the topic is missing', () => {
  assert.throws(
    () => parse(emptyAnswer(700)),
    (error) => {
      assert.deepEqual(kafkaErrorIds(error), ['THROTTLING_QUOTA_EXCEEDED']);
      assert.ok(mayPass(error));
      assert.match(String(explainKafkaError(error, 'kafka://b', 'read t/0')), /cannot read t\/0 at once: a quota/);
      return true;
    },
  );
});

test('an answer without the partition that was asked for says that it is missing', () => {
  assert.throws(
    () => parse(emptyAnswer(0)),
    (error) => kafkaErrorIds(error).includes('UNKNOWN_TOPIC_OR_PARTITION'),
  );
});
