/** Connections to the brokers: one for each broker and lane, opened when it is first asked for, forgotten when it closes. */
import { AppError } from '../../core/errors.ts';
import { Connection } from './client.ts';
import { mayPass } from './errors.ts';
import type { KafkaConfig } from './url.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Longer than the longest wait that we ask a broker for. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The lane of requests that name none. */
export const CALLS = 'calls';

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Connections {
  /** To a broker by its number, or to any: those that are known now, then those of the configuration. */
  get(node: number | 'any', lane: string): Promise<Connection>;
  /** Where the brokers are from now on. */
  learn(brokers: readonly (Address & { readonly nodeId: number })[]): void;
  /** Closes one without waiting for it; who asks next gets another. */
  drop(node: number | 'any', lane: string): void;
  /** Closes all that are open or opening. */
  close(): Promise<void>;
}

/** `signal`: from there on none is given out. */
export function createConnections({ brokers, tls, sasl, shown }: KafkaConfig, signal: AbortSignal): Connections {
  const connections = new Map<string, Promise<Connection>>();
  const nodes = new Map<number, Address>();

  async function open(broker: Address): Promise<Connection> {
    const opened = new Connection('tocsin', {
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      ...(tls && { tls, tlsServerName: tls.servername ?? !/^[\d.]+$|:/.test(broker.host) }),
      ...(sasl && { sasl }),
    });
    // Errors reach the requests that they end; without a listener they would end the process.
    opened.on('error', () => {});
    await opened.connect(broker.host, broker.port);
    return opened;
  }

  async function openAny(): Promise<Connection> {
    const tried: unknown[] = [];
    for (const broker of [...nodes.values(), ...brokers]) {
      try {
        return await open(broker);
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
      opened?.then((one) => one.close()).catch(() => {});
    },

    async close() {
      const settled = await Promise.allSettled(connections.values());
      await Promise.all(settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value.close()] : [])));
    },
  };
}

function nameOf(node: number | 'any', lane: string): string {
  return `${node} ${lane}`;
}
