import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { explainKafkaError } from './errors.ts';

test('what the client says in a sentence of its own stands within ours', () => {
  const slow = Object.assign(new Error('Connection to 127.0.0.1:9092 timed out.'), { code: 'PLT_KFK_NETWORK' });
  const told = explainKafkaError(slow, 'kafka://127.0.0.1:9092', 'connect');
  assert.ok(told instanceof AppError && told.retryable);
  const text = 'cannot connect: Connection to 127.0.0.1:9092 timed out. Is Kafka running there, and is --log right?';
  assert.equal(told.message, `kafka://127.0.0.1:9092: ${text}`);
});
