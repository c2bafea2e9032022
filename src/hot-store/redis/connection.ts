/** One connection to Redis that comes back by itself, and says so once each way. */
import { createClient, DisconnectsClientError, ErrorReply } from '@redis/client';
import type { Clock } from '../../core/clock.ts';
import type { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Script, ScriptCall } from './put-script.ts';
import { redisTrouble } from './trouble.ts';
import type { RedisAddress } from './url.ts';

export interface Connection {
  /** Undefined while Redis is away: commands do not wait for it. */
  client(): Client | undefined;
  /** Why it is away. */
  trouble(): AppError | undefined;
  run(script: Script, call: ScriptCall): Promise<unknown>;
  close(): void;
}
export type Client = ReturnType<typeof newClient>;

export interface ConnectionDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Each time it is there (again), the first one included. */
  readonly onReady: () => void;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** Redis is asked for a sign of life this often, and given up after so long without one: it may hang, or the network swallow all. */
const PING_EVERY_MS = 1_000;
const SILENCE_MAX_MS = 4_000;
/** So too where others go on asking, which keeps the socket busy; longer, as the sign of life may stand behind large answers. */
const UNHEARD_MAX_MS = 10_000;
const BACK_OFF_FIRST_MS = 50;
const BACK_OFF_LAST_MS = 2_000;
/** Where waiting does not help, somebody may still mend it: a password that was changed. */
const REFUSED_AGAIN_MS = 10_000;

/**
 * Resolves when Redis is there, or away in a way that waiting may mend: it goes on trying.
 * @throws AppError `hot_store_refused`
 */
export async function connectRedis(address: RedisAddress, deps: ConnectionDeps): Promise<Connection> {
  const { clock, logger, onReady } = deps;
  let ready = false;
  let trouble: AppError | undefined;
  let awaySince: number | undefined;
  let heardAt = 0;
  let opened = false;
  let closed = false;

  const client = newClient(address, (retries, cause) => {
    const found = redisTrouble(cause, address.shown);
    if (!opened && !found.retryable) return cause;
    return found.retryable ? Math.min(BACK_OFF_FIRST_MS * 2 ** Math.min(retries, 10), BACK_OFF_LAST_MS) : REFUSED_AGAIN_MS;
  });
  const { promise: firstTry, resolve: tried, reject: refused } = Promise.withResolvers<void>();
  function lost(error: unknown): void {
    if (closed) return;
    ready = false;
    const before = trouble?.code;
    trouble = redisTrouble(error, address.shown);
    awaySince ??= clock.elapsed();
    if (!trouble.retryable && !opened) return refused(trouble);
    // Once an outage, though the first word is that it closed and the next that nobody answers.
    if (trouble.code !== before) logger.warn(`${trouble.message} Rows wait for it, and answers come from elsewhere meanwhile.`);
    tried();
  }
  client.on('error', (error: unknown) => {
    // What was still asked when the connection was ended here.
    if (error instanceof DisconnectsClientError) return;
    if (!client.isReady) return lost(error);
    // The connection stands. An error in the place of a sign of life is one too: Redis loads its data, or cannot save them.
    if (error instanceof ErrorReply) heardAt = clock.elapsed();
    else beginAnew(error);
  });
  client.on('ready', () => {
    ready = true;
    heardAt = clock.elapsed();
    if (awaySince !== undefined) {
      logger.info(`Redis at ${address.shown} is back after ${((clock.elapsed() - awaySince) / 1_000).toFixed(1)} s.`);
    }
    awaySince = undefined;
    trouble = undefined;
    tried();
    onReady();
  });
  // Its failures come as events too.
  const connect = (): void => void client.connect().catch(() => {});
  connect();
  client.on('ping-interval', () => (heardAt = clock.elapsed()));
  const watch = setInterval(() => {
    if (!ready || clock.elapsed() - heardAt < UNHEARD_MAX_MS) return;
    beginAnew(new Error(`no sign of life for ${UNHEARD_MAX_MS / 1_000} s`));
  }, PING_EVERY_MS).unref();

  /** A connection that stands and is of no use: nothing else would end it. */
  function beginAnew(error: unknown): void {
    client.destroy();
    lost(error);
    connect();
  }

  function close(): void {
    closed = true;
    clearInterval(watch);
    client.destroy();
  }

  try {
    await firstTry;
  } catch (error) {
    close();
    throw error;
  }
  opened = true;

  return {
    client: () => (ready && !closed ? client : undefined),
    trouble: () => trouble,
    run: async (script, call) => {
      try {
        return await client.evalSha(script.sha, call);
      } catch (error) {
        // A Redis that restarted knows no scripts.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return client.eval(script.text, call);
      }
    },
    close,
  };
}

function newClient(address: RedisAddress, reconnectStrategy: (retries: number, cause: Error) => number | Error) {
  const { host, port, database, username, password, tls } = address;
  const socket = { host, port, connectTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SILENCE_MAX_MS, reconnectStrategy };
  return createClient({
    socket: tls ? { ...socket, tls: true as const, ...tls } : socket,
    database,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    name: 'tocsin',
    disableOfflineQueue: true,
    pingInterval: PING_EVERY_MS,
    maintNotifications: 'disabled',
  });
}
