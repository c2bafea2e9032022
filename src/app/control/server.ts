/** The local socket of the data directory's holder: other processes of this user hand in what they want written. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../../core/errors.ts';
import { createServer } from '../../core/http.ts';
import type { Log, TopicSettings } from '../../log/log.ts';
import { decodeUnit } from './frame.ts';
import { removeNote, socketPathFor, writeNote } from './note.ts';

export interface ControlConfig {
  /** Absolute path of the data directory; its lock must be held. */
  readonly dir: string;
  /** A larger request is refused; default: the largest record that a pipeline file allows, 64 MiB, and 4 MiB for what is around it. */
  readonly maxBodyBytes?: number;
}

export interface ControlDeps {
  readonly log: Pick<Log, 'commit' | 'ensureTopic'>;
  /** What `tocsin status` shows of the running process beside the log's content: a JSON object. */
  readonly status?: () => Readonly<Record<string, unknown>>;
}

export interface Control {
  /** Removes the note and lets requests that are under way come to their end, for 2 s. */
  stop(): Promise<void>;
}

const BODY_BYTES = (64 + 4) << 20;
const CLOSE_MS = 2_000;

/** State that other processes may write: where they are in their inputs. */
export const WRITABLE_STATE = 'ingest/';

/** @throws AppError `data_dir_unusable` */
export async function startControl({ dir, maxBodyBytes = BODY_BYTES }: ControlConfig, deps: ControlDeps): Promise<Control> {
  removeNote(dir);
  const token = randomBytes(24).toString('base64url');
  const socket = socketPathFor(dir);
  const server = createServer((request, response) => {
    answer(request, token, maxBodyBytes, deps).then(
      (body) => send(response, 200, body),
      (error: unknown) => refuse(response, error),
    );
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, resolve);
    });
    chmodSync(socket, 0o600);
    writeNote(dir, { socket, token, pid: process.pid });
  } catch (error) {
    server.close();
    removeNote(dir);
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      const text = `no room in ${dir} for the control socket: the disk is full. Nothing committed is lost; free some space and run again.`;
      throw new AppError('disk_full', text, { retryable: true, cause: error });
    }
    const message = `cannot open the control socket ${socket}: ${(error as Error).message}. The data directory must be on a local disk.`;
    throw new AppError('data_dir_unusable', message, { cause: error });
  }
  return {
    stop: () =>
      new Promise((resolve) => {
        removeNote(dir);
        // A client that stopped half way through its request would keep the process for ever.
        const forced = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
        server.close(() => {
          clearTimeout(forced);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

async function answer(request: IncomingMessage, token: string, maxBytes: number, deps: ControlDeps): Promise<unknown> {
  if (!isAllowed(request, token)) throw new HttpRefusal(401, 'no or wrong token: read it from control.json in the data directory');
  switch (`${request.method} ${request.url}`) {
    case 'GET /status':
      return { pid: process.pid, ...deps.status?.() };
    case 'POST /commit': {
      const unit = decodeUnit(await readBody(request, maxBytes));
      const foreign = unit.state.find(([key]) => !key.startsWith(WRITABLE_STATE));
      if (foreign) throw new HttpRefusal(403, `state ${foreign[0]} is not for other processes to write`);
      return { offsets: await deps.log.commit(unit) };
    }
    case 'POST /topics': {
      const { name, settings } = parseTopic(await readBody(request, 65_536));
      return deps.log.ensureTopic(name, settings);
    }
    default:
      throw new HttpRefusal(404, `no ${request.method} ${request.url} here`);
  }
}

function isAllowed(request: IncomingMessage, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${token}`));
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new HttpRefusal(413, `the request has more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parseTopic(body: Buffer): { name: string; settings: TopicSettings } {
  try {
    const { name, settings } = JSON.parse(body.toString()) as { name: unknown; settings: TopicSettings };
    if (typeof name === 'string' && Number.isSafeInteger(settings.partitions)) return { name, settings };
  } catch {
    // Answered below like any other malformed request.
  }
  throw new HttpRefusal(400, 'expected {"name", "settings": {"partitions", …}}');
}

/** A request that no client of ours makes. */
class HttpRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (error instanceof AppError) send(response, 422, { code: error.code, message: error.message, retryable: error.retryable });
  else if (error instanceof HttpRefusal) send(response, error.status, { code: 'usage', message: error.message, retryable: false }, true);
  else send(response, 500, { message: error instanceof Error ? error.message : String(error) });
}

/** `last`: what is still to come of the request is not read. */
function send(response: ServerResponse, status: number, body: unknown, last = false): void {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...(last && { connection: 'close' }) };
  response.writeHead(status, headers).end(text);
}
