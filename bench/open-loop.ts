/**
 * Requests over HTTP at their own times, whether or not earlier ones have been answered. It does next to nothing for a request, as it
 * shares the machine with what it measures: requests are written beforehand, sockets read into one buffer, nothing is a promise.
 * Between two requests it looks for answers all the time, as timers are too coarse; what it is late by itself is told.
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

/** Of all requests that were due, ms, ascending. */
export interface Times {
  /** From when a request was due to the last byte of its answer. */
  readonly fromDue: Float64Array;
  /** From when the generator came to it: without what the generator was late, with the wait for a free connection. */
  readonly fromSent: Float64Array;
  /** What the generator was late. It reads answers in the same turns, so as late. */
  readonly late: Float64Array;
  /** Answered with anything but 200, or not at all within 10 s after the last one was due. */
  readonly failed: number;
}

interface Asked {
  readonly dueAt: number;
  readonly sentAt: number;
  readonly path: number;
}

interface Connection {
  readonly socket: Socket;
  /** Of an answer that has not come whole. */
  held: Buffer | undefined;
  asked: Asked | undefined;
}

const READ_BYTES = 64 << 10;
const HEAD_END = '\r\n\r\n';
/** A server that cannot keep up is not waited for longer. */
const LAST_ANSWER_MS = 10_000;

/** @throws Error where a connection is closed before all is answered */
export async function openLoop({ url, paths, rate, seconds, connections }: OpenLoop): Promise<Times> {
  const { hostname, port, host } = new URL(url);
  const requests = paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
  const total = Math.round(rate * seconds);
  const fromDue = new Float64Array(total);
  const fromSent = new Float64Array(total);
  const late = new Float64Array(total);
  const all: Connection[] = [];
  const free: Connection[] = [];
  const waiting: Asked[] = [];
  const everything = Promise.withResolvers<void>();
  let sent = 0;
  let done = 0;
  let failed = 0;
  let over = false;

  function send(connection: Connection, asked: Asked): void {
    connection.asked = asked;
    connection.socket.write(requests[asked.path]!);
  }

  function conclude({ dueAt, sentAt }: Asked, ok: boolean): void {
    const now = performance.now();
    fromDue[done] = now - dueAt;
    fromSent[done] = now - sentAt;
    if (!ok) failed++;
    if (++done === total) everything.resolve();
  }

  function giveUp(): void {
    over = true;
    for (const asked of [...waiting, ...all.flatMap((connection) => connection.asked ?? [])]) conclude(asked, false);
  }

  function receive(connection: Connection, bytes: Buffer): void {
    const answer = connection.held ? Buffer.concat([connection.held, bytes]) : bytes;
    const status = statusOf(answer);
    // What was read into is used again.
    connection.held = status === undefined ? Buffer.from(answer) : undefined;
    if (status === undefined || over) return;
    conclude(connection.asked!, status === '200');
    connection.asked = undefined;
    const next = waiting.shift();
    if (next) send(connection, next);
    else free.push(connection);
  }

  const buffer = Buffer.allocUnsafe(READ_BYTES);
  async function open(): Promise<Connection> {
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer,
        callback(length) {
          receive(connection, buffer.subarray(0, length));
          return true;
        },
      },
    });
    const connection: Connection = { socket, held: undefined, asked: undefined };
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
  const msBetween = 1_000 / rate;

  function turn(): void {
    const now = performance.now();
    for (; sent < total && begin + sent * msBetween <= now; sent++) {
      const sentAt = performance.now();
      const asked = { dueAt: begin + sent * msBetween, sentAt, path: sent % paths.length };
      late[sent] = sentAt - asked.dueAt;
      // In turn, so that all of them are in use.
      const connection = free.shift();
      if (connection) send(connection, asked);
      else waiting.push(asked);
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
  return { fromDue: fromDue.sort(), fromSent: fromSent.sort(), late: late.sort(), failed };
}

/** Undefined: not the whole answer. */
function statusOf(answer: Buffer): string | undefined {
  const headEnd = answer.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const head = answer.toString('latin1', 0, headEnd);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
  return answer.length >= headEnd + HEAD_END.length + length ? head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length) : undefined;
}

/** `times` ascending. */
export function quantile(times: Float64Array, share: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
}
