/**
 * Requests over HTTP at their own times, whether or not earlier ones have been answered. It does next to nothing for a request, as it
 * shares the machine with what it measures: requests are written beforehand, sockets read into one buffer, times stand in typed arrays,
 * nothing is a promise. Between two requests it looks for answers all the time, as timers are too coarse; what it is late by itself is
 * told: then it was not given a core, or collected garbage, and measures itself.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface OpenLoop {
  /** `http://127.0.0.1:8000` */
  readonly url: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  /** A second. */
  readonly rate: number;
  readonly seconds: number;
  /** Kept ones; each has one request at a time, and what is due waits for a free one. */
  readonly connections: number;
}

/** Of all requests that were due, in that order, ms as `performance.now()` says them. */
export interface Times {
  readonly dueAt: Float64Array;
  /** When the generator came to it: a wait for a free connection, which is the server's doing, comes after that. */
  readonly reachedAt: Float64Array;
  /** When the last byte of its answer was read; of one that had no answer when it gave up. */
  readonly doneAt: Float64Array;
  /** Answered with anything but 200, or not at all within 10 s after the last one was due. */
  readonly failed: number;
}

interface Connection {
  readonly socket: Socket;
  /** Which request; -1: none. */
  asked: number;
  /** Bytes of the answer that are still to come; -1: not known yet. */
  left: number;
  /** Of a head that has not come whole. */
  held: Buffer | undefined;
}

const READ_BYTES = 64 << 10;
const STATUS_AT = 'HTTP/1.1 '.length;
const HEAD_END = Buffer.from('\r\n\r\n');
/** However `Content-Length` is written. */
const LENGTH = Buffer.from('ength: ');
/** A server that cannot keep up is not waited for longer. */
const LAST_ANSWER_MS = 10_000;

/** @throws Error where a connection is closed before all is answered, or answers have no Content-Length */
export async function openLoop({ url, paths, rate, seconds, connections }: OpenLoop): Promise<Times> {
  const { hostname, port, host } = new URL(url);
  const requests = paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
  const total = Math.round(rate * seconds);
  const dueAt = new Float64Array(total);
  const reachedAt = new Float64Array(total);
  const doneAt = new Float64Array(total);
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const everything = Promise.withResolvers<void>();
  const all: Connection[] = [];
  /** A ring, so that all connections are in use in turn. */
  const free: Connection[] = [];
  let freeFrom = 0;
  let freeCount = connections;
  /** Requests below are due; of them those from `sent` on wait for a free connection. */
  let reached = 0;
  let sent = 0;
  let done = 0;
  let failed = 0;
  let over = false;

  function send(connection: Connection): void {
    connection.asked = sent;
    connection.left = -1;
    connection.socket.write(requests[sent % requests.length]!);
    sent++;
  }

  function conclude(request: number): void {
    doneAt[request] = performance.now();
    if (++done === total) everything.resolve();
  }

  function giveUp(): void {
    over = true;
    failed += total - done;
    for (const { asked } of all) if (asked !== -1) conclude(asked);
    while (sent < total) conclude(sent++);
  }

  /** `bytes`, of which the first `length` count, are used again. */
  function receive(connection: Connection, bytes: Buffer, length: number): void {
    if (over) return;
    if (connection.left !== -1) connection.left -= length;
    else {
      const headEnd = bytes.indexOf(HEAD_END);
      if (headEnd === -1 || headEnd + HEAD_END.length > length) {
        connection.held = Buffer.from(bytes.subarray(0, length));
        return;
      }
      const lengthAt = bytes.indexOf(LENGTH);
      if (lengthAt === -1 || lengthAt > headEnd) return everything.reject(new Error(`${url} answers without a Content-Length`));
      connection.left = headEnd + HEAD_END.length + numberAt(bytes, lengthAt + LENGTH.length) - length;
      if (numberAt(bytes, STATUS_AT) !== 200) failed++;
    }
    if (connection.left > 0) return;
    conclude(connection.asked);
    connection.asked = -1;
    if (sent < reached) send(connection);
    else free[(freeFrom + freeCount++) % connections] = connection;
  }

  async function open(): Promise<Connection> {
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer,
        callback(length) {
          const { held } = connection;
          if (held) {
            connection.held = undefined;
            const whole = Buffer.concat([held, buffer.subarray(0, length)]);
            receive(connection, whole, whole.length);
          } else receive(connection, buffer, length);
          return true;
        },
      },
    });
    const connection: Connection = { socket, asked: -1, left: -1, held: undefined };
    await once(socket, 'connect');
    socket.on('close', () => {
      over = true;
      everything.reject(new Error(`${url} has closed a connection: ${done} of ${total} requests are answered`));
    });
    socket.on('error', () => {});
    return connection;
  }

  for (let i = 0; i < connections; i++) all.push(await open());
  free.push(...all);
  everything.promise.catch(() => {});
  const begin = performance.now();
  for (let i = 0; i < total; i++) dueAt[i] = begin + (i * 1_000) / rate;

  function turn(): void {
    let now = performance.now();
    for (; reached < total && dueAt[reached]! <= now; now = performance.now()) {
      reachedAt[reached++] = now;
      if (freeCount === 0) continue;
      const connection = free[freeFrom]!;
      freeFrom = (freeFrom + 1) % connections;
      freeCount--;
      send(connection);
    }
    if (done < total && now > begin + seconds * 1_000 + LAST_ANSWER_MS) giveUp();
    // Also while the last answers are awaited: with nothing else to do the loop would sleep, and take longer to wake up.
    if (done < total && !over) setImmediate(turn);
  }
  turn();
  try {
    await everything.promise;
  } finally {
    for (const { socket } of all) socket.destroy();
  }
  return { dueAt, reachedAt, doneAt, failed };
}

/** The decimal number that begins there. */
function numberAt(bytes: Buffer, at: number): number {
  let number = 0;
  for (let digit = bytes[at]! - 48; digit >= 0 && digit <= 9; digit = bytes[++at]! - 48) number = number * 10 + digit;
  return number;
}

/** Of what came `later` than what came `earlier`, ms. */
export function quantile(later: Float64Array, earlier: Float64Array, share: number): number {
  const times = later.map((at, i) => at - earlier[i]!).sort();
  return times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
}
