/** The way to the process that holds a data directory. */
import { resolve } from 'node:path';
import { AppError, ERROR_CODES, type ErrorCode } from '../../core/errors.ts';
import { request } from '../../core/http.ts';
import type { TopicInfo, TopicSettings } from '../../log/log.ts';
import { encodeUnit, type WriteUnit } from './frame.ts';
import { readNote, type ControlNote } from './note.ts';

export interface Holder {
  readonly pid: number;
  /**
   * Durable when it resolves; to the first offset of each append.
   * @throws AppError as the log's commit; `control_unreachable` when the holder is gone, retryable where nothing was handed over
   */
  commit(unit: WriteUnit): Promise<number[]>;
  ensureTopic(name: string, settings: TopicSettings): Promise<TopicInfo>;
  status(): Promise<Record<string, unknown>>;
}

const TIMEOUT_MS = 30_000;

/** Undefined where nobody listens: no process holds the directory, or it is not one that takes writes from others. */
export async function connectHolder(dir: string): Promise<Holder | undefined> {
  const note = readNote(resolve(dir));
  if (!note) return undefined;
  const call = <T>(method: string, path: string, body?: Buffer): Promise<T> => send(note, method, path, body) as Promise<T>;
  const holder: Holder = {
    pid: note.pid,
    commit: async (unit) => (await call<{ offsets: number[] }>('POST', '/commit', encodeUnit(unit))).offsets,
    ensureTopic: (name, settings) => call('POST', '/topics', Buffer.from(JSON.stringify({ name, settings }))),
    status: () => call('GET', '/status'),
  };
  try {
    await holder.status();
    return holder;
  } catch (error) {
    if (error instanceof AppError && error.retryable && error.code === 'control_unreachable') return undefined;
    throw error;
  }
}

function send({ socket, token, pid }: ControlNote, method: string, path: string, body?: Buffer): Promise<unknown> {
  return new Promise((resolvePromise, reject) => {
    const lost = (why: string, retryable: boolean, cause?: unknown): void => {
      const message = `the running Tocsin (pid ${pid}) does not answer on its local socket: ${why}`;
      reject(new AppError('control_unreachable', message, { retryable, cause }));
    };
    // The body goes out when the holder has asked for it: whatever breaks off before, nothing was handed over.
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-length': body.length, expect: '100-continue' }) };
    let handedOver = false;
    // A connection each time: one that was kept might have been closed by then, and the commit on it be in doubt.
    const outgoing = request({ socketPath: socket, path, method, agent: false, headers, timeout: TIMEOUT_MS }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', (error) => lost(error.message, false, error));
      response.on('end', () => {
        try {
          const answer: unknown = JSON.parse(Buffer.concat(parts).toString());
          if (response.statusCode === 200) resolvePromise(answer);
          else reject(asError(answer, response.statusCode ?? 0));
        } catch (error) {
          lost('its answer is cut off', false, error);
        }
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // Nobody listens, the holder ends, or the request was cut off: nothing was written. A connection that broke later may have
      // carried the commit.
      const nobody = ['ENOENT', 'ECONNREFUSED', 'EPIPE'].includes(error.code ?? '') || (error.code === 'ECONNRESET' && !handedOver);
      if (error.code === 'EACCES') lost('it belongs to another user', false, error);
      else lost(error.message, nobody, error);
    });
    if (body) {
      outgoing.on('continue', () => {
        handedOver = true;
        outgoing.end(body);
      });
      outgoing.flushHeaders();
    } else outgoing.end();
  });
}

function asError(answer: unknown, status: number): Error {
  const { code, message, retryable } = (answer ?? {}) as { code?: string; message?: string; retryable?: boolean };
  if (code !== undefined && code in ERROR_CODES) return new AppError(code as ErrorCode, String(message), { retryable: retryable === true });
  return new Error(`the running Tocsin answered ${status}: ${message ?? 'nothing'}`);
}
