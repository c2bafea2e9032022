import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { freeAddress } from './free-address.ts';

test('a port that is taken gives way to any', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.equal(await freeAddress(address), '127.0.0.1:0');
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await freeAddress(address), address);
});
