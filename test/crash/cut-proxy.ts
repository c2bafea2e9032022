/** A TCP proxy that can cut what passes through it in the middle of a message. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Random } from '../../src/core/random.ts';

export interface CutProxy {
  readonly port: number;
  /** Where connections go from now on; before that they are refused. */
  target(port: number): void;
  /** Half of the connections end, both ways, after some more bytes; where none does, the next one that has so much to pass. */
  cutSome(random: Random): void;
  /** Connections that were cut so far. */
  readonly cuts: number;
}

/** Bytes, of one direction, that still pass before a cut: less than a batch takes. */
const BYTES_MAX = 3_000;

export async function startCutProxy(t: TestContext): Promise<CutProxy> {
  const links = new Map<Socket, { from: Socket; to: Socket; left: number }>();
  let port: number | undefined;
  let cuts = 0;
  /** A cut that none of the connections made has come to. */
  let due: number | undefined;

  function pass(from: Socket, to: Socket): void {
    const link = { from, to, left: Infinity };
    links.set(from, link);
    const end = (): void => [from, to].forEach((socket) => socket.destroy());
    from.on('data', (bytes: Buffer) => {
      if (due !== undefined) link.left = Math.min(link.left, due);
      if (bytes.length > link.left) {
        cuts += 1;
        due = undefined;
        to.write(bytes.subarray(0, link.left), end);
        return;
      }
      link.left -= bytes.length;
      if (!to.write(bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    from.on('error', end);
    from.on('close', () => {
      links.delete(from);
      to.destroySoon();
    });
  }

  const server = createServer((client) => {
    if (port === undefined) return void client.destroy();
    const upstream = connect(port, '127.0.0.1');
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of links.keys()) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    target: (to) => void (port = to),
    cutSome(random) {
      for (const link of links.values()) if (random.below(2) === 0) link.left = random.below(BYTES_MAX);
      due = random.below(BYTES_MAX);
    },
    get cuts() {
      return cuts;
    },
  };
}
