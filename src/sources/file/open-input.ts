/** Opens what lines are read from: a regular file, a FIFO, a device, or a stream such as standard input. */
import { constants, open as openDescriptor } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AppError } from '../../core/errors.ts';

/** `name` is for messages; `-` and standard input are the caller's to open. */
export type LineInput = { readonly path: string } | { readonly stream: ByteStream; readonly name?: string };
export type ByteStream = AsyncIterable<Uint8Array> & { destroy?(): unknown };

export interface OpenedInput {
  readonly name: string;
  /** Regular files only: what can be read again, from any byte. */
  readonly file?: { read(from: number, length: number): Promise<Uint8Array>; size(): Promise<number> };
  /** The bytes from `from` on (other than 0 for regular files only); waits for more at the end when `follow`. */
  pieces(from: number, follow: boolean): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const PIECE_BYTES = 65_536;
/** How often a followed file is looked at for more, ms. */
const FOLLOW_EVERY = 200;

/** @throws AppError `input_unreadable` */
export async function openInput(input: LineInput): Promise<OpenedInput> {
  if ('stream' in input) return openedStream(input.name ?? 'standard input', input.stream);
  const { path } = input;
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw unreadable(path, 'it is a directory; name a file, or pipe the files in: cat FILES | tocsin … -');
    if (info.isFile()) return openedFile(path, await open(path, 'r'));
    if (info.isFIFO()) return openedStream(path, await openFifo(path));
    if (info.isCharacterDevice()) return openedStream(path, (await open(path, 'r')).createReadStream());
  } catch (error) {
    throw asUnreadable(path, error);
  }
  throw unreadable(path, 'it is neither a file nor a pipe; pipe it into standard input and name the input -');
}

/** Without O_NONBLOCK both opening and reading would hold a thread of the pool, and the process at its exit. */
async function openFifo(path: string): Promise<ByteStream> {
  // A plain descriptor, not a FileHandle: the socket owns it and closes it.
  const fd = await promisify(openDescriptor)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

function openedFile(path: string, handle: FileHandle): OpenedInput {
  const closed = new AbortController();
  const read = async (from: number, length: number): Promise<Uint8Array> => {
    const buffer = Buffer.allocUnsafe(length);
    let got = 0;
    try {
      while (got < length) {
        const { bytesRead } = await handle.read(buffer, got, length - got, from + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
    } catch (error) {
      throw asUnreadable(path, error);
    }
    return buffer.subarray(0, got);
  };
  const size = async (): Promise<number> => (await handle.stat()).size;
  async function* pieces(from: number, follow: boolean): AsyncGenerator<Uint8Array> {
    for (let at = from; !closed.signal.aborted;) {
      const piece = await read(at, PIECE_BYTES);
      at += piece.length;
      if (piece.length > 0) yield piece;
      else if (!follow) return;
      else {
        const bytes = await size();
        if (bytes < at) {
          const text = `${path} became shorter while it was followed: ${bytes} bytes, ${at} had been read. Start again on the file that took its place.`;
          throw new AppError('input_changed', text);
        }
        if (bytes === at) await sleep(FOLLOW_EVERY, undefined, { signal: closed.signal }).catch(() => {});
      }
    }
  }
  return {
    name: path,
    file: { read, size },
    pieces,
    async close() {
      closed.abort();
      await handle.close();
    },
  };
}

function openedStream(name: string, stream: ByteStream): OpenedInput {
  return {
    name,
    async *pieces() {
      try {
        for await (const piece of stream) if (piece.length > 0) yield piece;
      } catch (error) {
        throw asUnreadable(name, error);
      }
    },
    async close() {
      stream.destroy?.();
    },
  };
}

export function unreadable(name: string, why: string, cause?: unknown): AppError {
  return new AppError('input_unreadable', `${name} cannot be read: ${why}`, { cause });
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check the path; a relative one starts in the folder where the command runs.',
  ENOTDIR: 'a part of the path is not a directory. Check the path.',
  EACCES: 'this user has no permission. Allow it (chmod +r), or run as a user who has it.',
  EPERM: 'this user has no permission. Allow it (chmod +r), or run as a user who has it.',
  ENXIO: 'it is a socket or a device without a reader. Pipe it into standard input and name the input -.',
  EMFILE: 'too many files are open (ulimit -n).',
};

function asUnreadable(name: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return unreadable(name, (code !== undefined && WHY[code]) || message, error);
}
