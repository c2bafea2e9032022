/** An address for a server that nobody asked to be at a certain port. */
import { createServer } from 'node:net';

/** `host:port` itself where its port is free, else the same host with any port. */
export async function freeAddress(address: string): Promise<string> {
  const { hostname, port } = new URL(`http://${address}`);
  const probe = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(Number(port), hostname, () => resolve(true));
  });
  if (!isFree) return `${hostname}:0`;
  await new Promise((resolve) => probe.close(resolve));
  return address;
}
