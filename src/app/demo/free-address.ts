/** Where the demo's server will listen, known before anything is counted. */
import { createServer } from 'node:net';
import { parseListenAddress, requireKey } from '../../server/listen-address.ts';
import { listenError } from '../../server/server.ts';

/** `host:port` itself where its port is free, else the same host with any port. */
export async function freeAddress(address: string): Promise<string> {
  if ((await faultOf(address)) === undefined) return address;
  return `${new URL(`http://${address}`).hostname}:0`;
}

/** @throws AppError `usage` for an address that is wrong, taken, not of this machine, or open to others without a key */
export async function requireFree(address: string, apiKey: string | undefined): Promise<void> {
  const parsed = parseListenAddress(address);
  requireKey(parsed, apiKey);
  const fault = await faultOf(address);
  if (fault) throw listenError(fault, parsed);
}

/** What the system says to a server there; it is closed at once. */
async function faultOf(address: string): Promise<NodeJS.ErrnoException | undefined> {
  const { host, port } = parseListenAddress(address);
  const probe = createServer();
  const fault = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    probe.once('error', resolve);
    probe.listen(port, host, () => resolve(undefined));
  });
  if (!fault) await new Promise((resolve) => probe.close(resolve));
  return fault;
}
