import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whenAborted } from './election.ts';
import { runInOrder, type RolesOfRun } from './role-order.ts';

/** Roles that only say when they end; `monitor` ends with its last, as an elected one does. */
function rolesOf(told: string[], other: Partial<RolesOfRun> = {}): RolesOfRun {
  const until = (role: string) => async (signal: AbortSignal) => {
    await whenAborted(signal);
    told.push(role);
  };
  return {
    aggregate: (signal) => until('aggregate')(signal).then(() => ({ byOthers: false })),
    monitor: until('monitor'),
    notify: until('notify'),
    api: until('api'),
    isJudgedElsewhere: async () => assert.fail('asked without --once'),
    ...other,
  };
}

test('asked to stop, what is told last is still taken in, and what rings then is still told', async () => {
  const told: string[] = [];
  const stop = new AbortController();
  const running = runInOrder(rolesOf(told), { once: false, broken: new AbortController() }, stop.signal);
  stop.abort();
  await running;
  assert.deepEqual(
    told.filter((role) => role !== 'api'),
    ['aggregate', 'monitor', 'notify'],
  );
});

test('with --once the monitor ends by itself when it has given out all that was told', async () => {
  const told: string[] = [];
  const read = Promise.withResolvers<{ byOthers: boolean }>();
  let isLast: (() => boolean) | undefined;
  const given = Promise.withResolvers<void>();
  const roles = rolesOf(told, {
    aggregate: () => read.promise,
    async monitor(_signal, last) {
      isLast = last;
      await given.promise;
      told.push('monitor');
    },
    async isJudgedElsewhere(_byOthers, through) {
      assert.equal(isLast?.(), true);
      given.resolve();
      await through;
      return false;
    },
    api: async () => {},
  });
  const running = runInOrder(roles, { once: true, broken: new AbortController() }, new AbortController().signal);
  assert.equal(isLast?.(), false);
  read.resolve({ byOthers: false });
  await running;
  assert.deepEqual(told, ['monitor', 'notify']);
});

test('with --once, what another process judges is not waited for', async () => {
  const told: string[] = [];
  const roles = rolesOf(told, {
    aggregate: async () => ({ byOthers: true }),
    isJudgedElsewhere: async (byOthers) => byOthers,
    api: async () => {},
  });
  await runInOrder(roles, { once: true, broken: new AbortController() }, new AbortController().signal);
  assert.deepEqual(told, ['monitor', 'notify']);
});

test('the first failure ends all roles, and is what the run ends with', async () => {
  for (const failing of ['aggregate', 'monitor', 'notify'] as const) {
    const told: string[] = [];
    const failure = new Error(failing);
    const broken = new AbortController();
    const roles = rolesOf(told, { [failing]: () => Promise.reject(failure) });
    await assert.rejects(runInOrder(roles, { once: false, broken }, new AbortController().signal), failure);
    assert.equal(broken.signal.aborted, true);
    assert.deepEqual(
      told.sort(),
      ['aggregate', 'api', 'monitor', 'notify'].filter((role) => role !== failing),
    );
  }
});
