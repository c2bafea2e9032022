/** `control.json` in the data directory: where the holder listens, and the secret that says that one may look into the directory. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

export interface ControlNote {
  /** Absolute path of the unix socket. */
  readonly socket: string;
  readonly token: string;
  readonly pid: number;
}

const PRIVATE_DIR = 'tocsin-control-';
/** A socket's path may have 103 bytes on macOS, 107 on Linux. */
const SOCKET_PATH_BYTES_MAX = 100;

function notePath(dir: string): string {
  return join(dir, 'control.json');
}

/** Undefined where there is none, or none that can be read as one. */
export function readNote(dir: string): ControlNote | undefined {
  try {
    const note = JSON.parse(readFileSync(notePath(dir), 'utf8')) as Partial<ControlNote>;
    const { socket, token, pid } = note;
    return typeof socket === 'string' && typeof token === 'string' && typeof pid === 'number' ? { socket, token, pid } : undefined;
  } catch {
    return undefined;
  }
}

/** Readers see the whole note or none. */
export function writeNote(dir: string, note: ControlNote): void {
  const path = notePath(dir);
  writeFileSync(`${path}.new`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The socket's path for a data directory; in a directory of its own, for this user alone, where the directory's path is too long. */
export function socketPathFor(dir: string): string {
  const path = join(dir, 'control.sock');
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  return join(mkdtempSync(join(tmpdir(), PRIVATE_DIR)), 'control.sock');
}

/** Removes the note and its socket, those of a holder that was killed too. Only for who holds the lock. */
export function removeNote(dir: string): void {
  const note = readNote(dir);
  rmSync(notePath(dir), { force: true });
  rmSync(`${notePath(dir)}.new`, { force: true });
  rmSync(join(dir, 'control.sock'), { force: true });
  if (note && basename(dirname(note.socket)).startsWith(PRIVATE_DIR)) rmSync(dirname(note.socket), { recursive: true, force: true });
}
