import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heartbeatV4, joinGroupV7, syncGroupV5 } from './client.ts';
import { createGroupSession, type GroupSessionDeps } from './group-session.ts';

const SESSION_MS = 30_000;
const REBALANCE_MS = 5 * 60_000;

test('while the others wait for it a member is one, and its word lasts no longer than they wait', async () => {
  const at = { now: 0, calm: true };
  const answers = new Map<unknown, () => unknown>([
    [joinGroupV7.api, () => ({ memberId: 'm', generationId: 1, leader: 'another' })],
    [syncGroupV5.api, () => ({ assignment: Buffer.alloc(0) })],
    [
      heartbeatV4.api,
      () => {
        if (!at.calm) throw Object.assign(new Error('join again'), { apiId: 'REBALANCE_IN_PROGRESS' });
      },
    ],
  ]);
  const groups = { call: async (_: string, api: unknown) => answers.get(api)!(), identify() {} } as unknown as GroupSessionDeps['groups'];
  const session = createGroupSession(
    { group: 'g', topics: ['t'], sessionTimeoutMs: SESSION_MS, instanceId: null, shown: 'kafka' },
    { groups, leader: { deal: async () => [], stepDown() {} }, clock: { elapsed: () => at.now } },
  );
  const beatAt = async (now: number): Promise<number> => {
    at.now = now;
    await session.heartbeat().catch(() => {});
    return session.provenAt;
  };
  await session.join();
  assert.equal(await beatAt(10_000), 10_000);
  at.calm = false;
  assert.equal(await beatAt(13_000), 13_000);
  const last = 10_000 + REBALANCE_MS - SESSION_MS;
  assert.equal(await beatAt(last), last);
  assert.equal(await beatAt(last + 20_000), last, 'the others may go on without it');
  at.calm = true;
  assert.equal(await beatAt(last + 23_000), last + 23_000);
});
