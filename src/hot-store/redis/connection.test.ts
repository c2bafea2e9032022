/** The connection to something that only pretends to be a Redis. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { connectRedis } from './connection.ts';
import { parseRedisUrl } from './url.ts';

/** Answers each command, a sign of life as it is told. */
async function pretending(t: TestContext, toPing: () => string) {
  const sockets: Socket[] = [];
  let pings = 0;
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const command of bytes
        .toString()
        .split(/^\*\d+\r\n/m)
        .slice(1)) {
        const isPing = command.includes('PING');
        if (isPing) pings++;
        socket.write(isPing ? toPing() : '+OK\r\n');
      }
    });
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  let begun = 0;
  const { port } = server.address() as AddressInfo;
  const address = parseRedisUrl(`redis://127.0.0.1:${port}`, {});
  const connection = await connectRedis(address, { clock: systemClock, logger: silentLogger, onReady: () => begun++ });
  t.after(() => connection.close());
  return { connection, sockets, pings: () => pings, begun: () => begun };
}

test('an error in the place of a sign of life is one too', async (t) => {
  const { connection, pings, begun } = await pretending(t, () => '-LOADING Redis is loading the dataset in memory\r\n');
  await until(() => pings() === 2);
  assert.notEqual(connection.client(), undefined);
  assert.equal(begun(), 1);
});

test('a connection on which nobody understands a word any more is begun anew', async (t) => {
  const { connection, sockets, begun } = await pretending(t, () => '+PONG\r\n');
  sockets[0]!.write('?\r\n');
  await until(() => begun() === 2);
  assert.notEqual(connection.client(), undefined);
});
