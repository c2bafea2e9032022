/** The data directory, and its lock: one process writes to it. */
import { accessSync, constants, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { takeFileLock, type FileLock } from '../../core/file-lock.ts';
import { explainSqliteError, sqliteCode } from './sqlite-error.ts';

export interface DataDir {
  /** Absolute. */
  readonly path: string;
  /** The embedded log's file in it. */
  readonly logPath: string;
}

/** How long to wait for one who only tried the lock at the same moment. */
const LOCK_TIMEOUT_MS = 150;

function errnoOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}

function unusable(path: string, text: string, cause?: unknown): AppError {
  return new AppError('data_dir_unusable', `cannot use the data directory ${path}: ${text}`, { cause });
}

/**
 * The data directory, made (0700, only this user may look into it) where it is missing and `create` says so.
 * @throws AppError `data_dir_unusable`, `disk_full`
 */
export function openDataDir(dir: string, options: { create: boolean }): DataDir {
  if (dir.trim() === '') throw unusable('""', 'it has no name. Name one with --data DIR.');
  const path = resolve(dir);
  try {
    if (options.create) makeDirectory(path);
    if (!statSync(path).isDirectory()) throw unusable(path, 'it is a file, a directory was expected. Choose another one with --data.');
    accessSync(path, constants.R_OK | constants.X_OK | (options.create ? constants.W_OK : 0));
  } catch (error) {
    if (options.create && errnoOf(error) === 'ENOENT')
      throw unusable(path, 'it cannot be made there. Choose another one with --data.', error);
    throw explainDirError(error, path);
  }
  return { path, logPath: join(path, 'log.sqlite') };
}

/** Level by level: Node's own recursive mkdir never returns where a file system answers ENOENT to it (/proc). */
function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function explainDirError(error: unknown, path: string): unknown {
  if (error instanceof AppError) return error;
  switch (errnoOf(error)) {
    case 'ENOENT':
      return unusable(path, 'it does not exist. Check the path given with --data; `tocsin run` makes the directory.', error);
    case 'EEXIST':
    case 'ENOTDIR':
      return unusable(path, 'it, or a part of its path, is a file. Choose another one with --data.', error);
    case 'EACCES':
    case 'EPERM':
      return unusable(path, 'no permission. Give this user the right to read and write in it, or choose another one with --data.', error);
    case 'EROFS':
      return unusable(path, 'it is on a read-only file system. Choose another one with --data.', error);
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('disk_full', `cannot make the data directory ${path}: the disk or quota is full.`, {
        retryable: true,
        cause: error,
      });
    default:
      return unusable(path, (error as Error).message, error);
  }
}

/** The process id that the lock's holder left, if that process lives. */
function holderOf(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    if (!(pid > 0)) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // EPERM: it lives, under another user.
    return errnoOf(error) === 'EPERM' ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : undefined;
  }
}

/**
 * Takes the directory's one lock, which whoever writes to the log must hold.
 * @throws AppError `data_dir_locked` (naming the holder's process id where known), `data_dir_unusable`, `disk_full`
 */
export function lockDataDir(dir: string): FileLock {
  const path = resolve(dir);
  const pidFile = join(path, 'lock.pid');
  const lockFile = join(path, 'lock.sqlite');
  let lock: FileLock | undefined;
  try {
    lock = takeFileLock(lockFile, { timeoutMs: LOCK_TIMEOUT_MS });
    if (!lock) throw locked(path, holderOf(pidFile));
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    lock?.release();
    throw sqliteCode(error) === undefined ? explainDirError(error, path) : explainSqliteError(error, lockFile, 'open');
  }
  const { release } = lock;
  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      // The note goes first: after the lock it might be the next holder's.
      rmSync(pidFile, { force: true });
      release();
    },
  };
}

function locked(path: string, pid: number | undefined): AppError {
  const holder = pid === undefined ? 'another Tocsin process' : `another Tocsin process (pid ${pid})`;
  const message = `${holder} works on the data directory ${path}. Stop it first, or choose another directory with --data.`;
  return new AppError('data_dir_locked', message, { retryable: true });
}
