import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createConnectionPool, TooManyQueries } from './connection-pool.ts';

function fakeConnections() {
  let opened = 0;
  let closed = 0;
  const open = async () => ({ number: ++opened, close: () => void closed++ });
  return { open, counts: () => ({ opened, closed }) };
}

it('runs as many at a time as there are connections, the others in their turn', async () => {
  const { open, counts } = fakeConnections();
  const pool = createConnectionPool({ size: 2, waitingMax: 10 }, open);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const work = (name: number) =>
    pool.use(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      order.push(name);
    });
  await Promise.all([0, 1, 2, 3, 4, 5].map(work));
  assert.equal(most, 2);
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(counts(), { opened: 2, closed: 0 });
});

it('sends away whoever comes when too many wait', async () => {
  const pool = createConnectionPool({ size: 1, waitingMax: 1 }, fakeConnections().open);
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = pool.use(() => promise);
  const second = pool.use(async () => 'second');
  await assert.rejects(
    pool.use(async () => 'third'),
    TooManyQueries,
  );
  resolve();
  await first;
  assert.equal(await second, 'second');
});

it('throws a connection away on which a query failed, and goes on', async () => {
  const { open, counts } = fakeConnections();
  const pool = createConnectionPool({ size: 1, waitingMax: 1 }, open);
  await assert.rejects(
    pool.use(() => Promise.reject(new Error('failed'))),
    /failed/,
  );
  assert.equal(await pool.use(async ({ number }) => number), 2);
  assert.deepEqual(counts(), { opened: 2, closed: 1 });
});

it('gives the turn on when a connection cannot be opened', async () => {
  let times = 0;
  const pool = createConnectionPool({ size: 1, waitingMax: 1 }, async () => {
    if (times++ === 0) throw new Error('not now');
    return { close: () => {} };
  });
  await assert.rejects(
    pool.use(async () => 1),
    /not now/,
  );
  assert.equal(await pool.use(async () => 2), 2);
});
