import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../core/errors.ts';
import type { Log } from '../log/log.ts';
import { createUnreported } from './unreported.ts';

/** Two partitions with records that nobody has reported on, of which the log says this when they are read. */
function looking(read: Log['read']) {
  const said: string[] = [];
  const log = { bounds: async () => ({ start: 0, end: 5, storedBytes: 0 }), read };
  const inputs = [0, 1].map((partition) => ({ topic: 't', partition, name: `t/${partition}` }));
  return { said, unreported: createUnreported(inputs, { log, offsetOf: () => 3, warn: (message) => said.push(message) }) };
}

const refused = new AppError('log_refused', 'no permission to read t/0');

test('who may not read the inputs waits for nothing, and says so once', async () => {
  const { said, unreported } = looking(() => Promise.reject(refused));
  for (let silence = 0; silence < 3; silence++) {
    assert.equal(await unreported.look(), false);
    assert.equal(unreported.isAwaited(), false);
    unreported.forget();
  }
  assert.equal(said.length, 1);
  assert.match(said[0]!, /no permission to read t\/0/);
});

test('what lies in a partition that may be read is waited for, whatever is refused beside it', async () => {
  const batch = {} as NonNullable<Awaited<ReturnType<Log['read']>>>;
  const { unreported } = looking((_, partition) => (partition === 0 ? Promise.reject(refused) : Promise.resolve(batch)));
  assert.equal(await unreported.look(), true);
  assert.equal(unreported.isAwaited(), true);
});

test('any other failure is for whoever looks', async () => {
  const away = new AppError('log_unavailable', 'away', { retryable: true });
  const { said, unreported } = looking(() => Promise.reject(away));
  await assert.rejects(unreported.look(), away);
  assert.deepEqual(said, []);
});
