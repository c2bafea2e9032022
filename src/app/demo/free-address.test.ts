import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { freeAddress, requireFree } from './free-address.ts';

test('a port that is taken gives way to any', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.equal(await freeAddress(address), '127.0.0.1:0');
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await freeAddress(address), address);
});

test('an address that was asked for and cannot be had is told as the server would', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  await assert.rejects(requireFree(`127.0.0.1:${port}`, undefined), { code: 'usage', message: /is taken by another program/ });
  await assert.rejects(requireFree('127.0.0.1', undefined), { code: 'usage', message: /expected HOST:PORT/ });
  await assert.rejects(requireFree('0.0.0.0:0', undefined), { code: 'usage', message: /needs an API key/ });
  await requireFree('0.0.0.0:0', 'a key of sixteen letters and more'.replaceAll(' ', '-'));
});
