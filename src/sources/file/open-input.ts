/** Opens what lines are read from: a regular file, a FIFO, a device, or a stream such as standard input. */
import { constants, open as openDescriptor, type BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';

/** `name` is for messages; `-` and standard input are the caller's to open. */
export type LineInput = { readonly path: string } | { readonly stream: ByteStream; readonly name?: string };
export type ByteStream = AsyncIterable<Uint8Array> & { destroy?(): unknown };

export interface OpenedInput {
  readonly name: string;
  /** Regular files only: what can be read again, from any byte. `id`: of the file itself, whatever it is called. */
  readonly file?: {
    readonly id: string;
    read(from: number, length: number): Promise<Uint8Array>;
    size(): Promise<number>;
    /** Known also when it has no name any more. */
    changedNs(): Promise<bigint>;
  };
  /**
   * The bytes from `from` on (other than 0 for regular files only); with `following` it waits for more at the end.
   * @throws AppError `input_changed` where what was read of a followed file is gone
   */
  pieces(from: number, following?: Following): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** How a file that is still written is read. */
export interface Following {
  /** How often it is looked at for more, ms. */
  readonly everyMs: number;
  /** Asked at the end of the file, at this byte: whether nobody writes there any more. Once it is so, what came meanwhile is read and no more. */
  isOver(position: number): Promise<boolean>;
}

const PIECE_BYTES = 65_536;
/** Of a followed file so many bytes are read once more with each piece: a file that was emptied and filled again has others there. */
const AGAIN_BYTES = 256;

/** @throws AppError `input_unreadable` */
export async function openInput(input: LineInput): Promise<OpenedInput> {
  if ('stream' in input) return openedStream(input.name ?? 'standard input', input.stream);
  const { path } = input;
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw unreadable(path, 'it is a directory; name a file, or pipe the files in: cat FILES | tocsin … -');
    if (info.isFile()) return await openedFile(path, await open(path, 'r'));
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

async function openedFile(path: string, handle: FileHandle): Promise<OpenedInput> {
  const id = fileId(await handle.stat({ bigint: true }));
  const closed = new AbortController();
  /** One call: what it gives stood in the file at one time, also where that is emptied and filled again. */
  const readOnce = async (buffer: Buffer, from: number): Promise<number> => {
    try {
      return (await handle.read(buffer, 0, buffer.length, from)).bytesRead;
    } catch (error) {
      throw asUnreadable(path, error);
    }
  };
  const read = async (from: number, length: number): Promise<Uint8Array> => {
    const buffer = Buffer.allocUnsafe(length);
    for (let got = 0; got < length;) {
      const more = await readOnce(buffer.subarray(got), from + got);
      if (more === 0) return buffer.subarray(0, got);
      got += more;
    }
    return buffer;
  };
  const size = async (): Promise<number> => (await handle.stat()).size;
  const changedNs = async (): Promise<bigint> => (await handle.stat({ bigint: true })).mtimeNs;
  /** Before anyone decides that this is the file to read. */
  const start = await read(0, AGAIN_BYTES);
  async function* pieces(from: number, following?: Following): AsyncGenerator<Uint8Array> {
    let at = from;
    const before = Math.min(from, AGAIN_BYTES);
    let known = following ? await read(from - before, before) : new Uint8Array();
    if (following && known.length < before) throw emptied(path, from);
    for (let isOver = false; !closed.signal.aborted;) {
      const buffer = Buffer.allocUnsafe(known.length + PIECE_BYTES);
      const bytes = buffer.subarray(0, await readOnce(buffer, at - known.length));
      const again = following && at === 0 ? start : known;
      if (Buffer.compare(again, bytes.subarray(0, again.length)) !== 0) throw emptied(path, at);
      const piece = bytes.subarray(known.length);
      at += piece.length;
      if (piece.length > 0) {
        if (following) known = bytes.slice(-AGAIN_BYTES);
        yield piece;
      } else if (!following || isOver) return;
      else {
        isOver = await following.isOver(at);
        if (!isOver) await sleep(following.everyMs, closed.signal);
      }
    }
  }
  return {
    name: path,
    file: { id, read, size, changedNs },
    pieces,
    async close() {
      closed.abort();
      await handle.close();
    },
  };
}

/** The same for as long as the file is there. */
export function fileId({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function emptied(path: string, bytes: number): AppError {
  return new AppError('input_changed', `${path} was emptied while it was followed, ${bytes} bytes of it had been read`);
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
