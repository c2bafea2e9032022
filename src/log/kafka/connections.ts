/** Connections to the brokers: one for each broker and lane, opened when it is first asked for, forgotten when it closes. */
import type { Socket } from 'node:net';
import { AppError } from '../../core/errors.ts';
import { Connection } from './client.ts';
import { mayPass } from './errors.ts';
import type { KafkaConfig } from './url.ts';

/** `request`: longer than the longest wait that we ask a broker for. */
const TIMEOUTS_MS = { connect: 5_000, request: 30_000 };

/** The lane of requests that name none. */
export const CALLS = 'calls';

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Connections {
  /**
   * To a broker by its number, or to any: those that are known now and those of the configuration, beginning behind the one taken last, as
   * that one may take connections and answer nothing.
   */
  get(node: number | 'any', lane: string): Promise<Connection>;
  /** Where the brokers are from now on. */
  learn(brokers: readonly (Address & { readonly nodeId: number })[]): void;
  /** Ends one; who asks next gets another. */
  drop(node: number | 'any', lane: string): void;
}

/** `signal`: ends all that are open or opening, so that whatever waits for an answer is rejected, and from there on none is given out. */
export function createConnections({ brokers, tls, sasl, shown }: KafkaConfig, signal: AbortSignal, timeoutsMs = TIMEOUTS_MS): Connections {
  const connections = new Map<string, Promise<Connection>>();
  const nodes = new Map<number, Address>();
  /** Open or opening. */
  const alive = new Set<Connection>();
  let turn = 0;

  /** The client's own way to close waits until all is sent, which a broker that stands still puts off. */
  function end(one: Connection): void {
    alive.delete(one);
    void one.close();
    one.socket?.destroy();
  }

  const endAll = (): void => alive.forEach(end);
  signal.addEventListener('abort', endAll, { once: true });

  /** Settles within the time-out, the login included. */
  async function open(broker: Address): Promise<Connection> {
    const one = new Connection('tocsin', {
      connectTimeout: timeoutsMs.connect,
      requestTimeout: timeoutsMs.request,
      ...(tls && { tls, tlsServerName: tls.servername ?? !/^[\d.]+$|:/.test(broker.host) }),
      ...(sasl && { sasl }),
    });
    alive.add(one);
    one.once('close', () => alive.delete(one));
    // What went wrong reaches the requests that it ends. After a refused login the client waits for the broker to hang up.
    one.on('error', () => end(one));
    try {
      const connected = one.connect(broker.host, broker.port);
      guardReader(one.socket, tls ? 'secureConnect' : 'connect');
      await connected;
      return one;
    } catch (error) {
      end(one);
      throw error;
    }
  }

  async function openAny(): Promise<Connection> {
    const tried: unknown[] = [];
    const all = [...nodes.values(), ...brokers];
    for (let left = all.length; left > 0 && !signal.aborted; left--) {
      try {
        return await open(all[turn++ % all.length]!);
      } catch (error) {
        if (!mayPass(error)) throw error;
        tried.push(error);
      }
    }
    throw new AggregateError(tried, (tried.at(-1) as Error).message);
  }

  function openTo(node: number | 'any'): Promise<Connection> {
    if (node === 'any') return openAny();
    const broker = nodes.get(node);
    if (broker) return open(broker);
    return Promise.reject(new AppError('log_unavailable', `${shown}: broker ${node} is not there.`, { retryable: true }));
  }

  return {
    get(node, lane) {
      if (signal.aborted) return Promise.reject(new AppError('log_unavailable', `${shown}: the connection is closed.`));
      const name = nameOf(node, lane);
      const found = connections.get(name);
      if (found) return found;
      const opening = openTo(node);
      const forgetIt = (): void => {
        if (connections.get(name) === opening) connections.delete(name);
      };
      connections.set(name, opening);
      opening.then((one) => one.once('close', forgetIt), forgetIt);
      return opening;
    },

    learn(found) {
      nodes.clear();
      for (const { nodeId, host, port } of found) nodes.set(nodeId, { host, port });
    },

    drop(node, lane) {
      const name = nameOf(node, lane);
      const opened = connections.get(name);
      connections.delete(name);
      opened?.then(end, () => {});
    },
  };
}

/**
 * What is no broker may answer with fewer bytes than any answer has: the client's reader then throws, where nobody but this process would
 * catch it. Here that ends the connection, as all does that is not understood.
 */
function guardReader(socket: Socket, opened: 'connect' | 'secureConnect'): void {
  // Behind the client, which listens from then on.
  socket.once(opened, () => {
    for (const read of socket.listeners('data')) {
      socket.off('data', read as (bytes: Buffer) => void);
      socket.on('data', (bytes) => {
        try {
          read.call(socket, bytes);
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
    }
  });
}

function nameOf(node: number | 'any', lane: string): string {
  return `${node} ${lane}`;
}
