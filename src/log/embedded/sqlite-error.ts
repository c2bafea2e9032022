/** What SQLite says goes wrong, in the words of our errors. */
import { dirname } from 'node:path';
import { AppError } from '../../core/errors.ts';

/** SQLite's primary result codes that have to do with the machine rather than with a statement. */
const PERM = 3;
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** SQLite's primary result code; undefined for errors that are not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** Extended codes of IOERR that only writing meets: WRITE, FSYNC, DIR_FSYNC, TRUNCATE, SHMSIZE. */
const WRITE_FAILED = new Set([3, 4, 5, 6, 19].map((reason) => IOERR | (reason << 8)));

function isDiskFull(error: unknown): boolean {
  const errno = (error as { code?: unknown } | undefined)?.code;
  return sqliteCode(error) === FULL || errno === 'ENOSPC' || errno === 'EDQUOT';
}

function isWriteFailed(error: unknown): boolean {
  if ((error as { syscall?: unknown } | undefined)?.syscall === 'fdatasync') return true;
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' && WRITE_FAILED.has(code);
}

/** What SQLite or the file system said, as an error for people; errors of another kind (bugs) come back as they are. */
export function explainSqliteError(error: unknown, file: string, doing: 'open' | 'read' | 'write'): unknown {
  if (error instanceof AppError) return error;
  const code = sqliteCode(error);
  if (isDiskFull(error) || isWriteFailed(error) || (code === IOERR && doing === 'write')) {
    const found = code === IOERR || !isDiskFull(error) ? 'a write failed (disk full or failing)' : 'the disk or quota is full';
    const message = `cannot write ${file}: ${found}. Nothing committed is lost; free some space on the disk of ${dirname(file)} and go on.`;
    return new AppError('disk_full', message, { retryable: true, cause: error });
  }
  const fail = (text: string, retryable = false): AppError =>
    new AppError('data_dir_unusable', `cannot ${doing} ${file}: ${text}`, { retryable, cause: error });
  switch (code) {
    case PERM:
    case READONLY:
      return fail('no permission to write to it. Give this user the right to write to the data directory, or choose another one.');
    case CANTOPEN:
      return fail('it cannot be opened. Check that the data directory exists and that this user may read and write in it.');
    case NOTADB:
      return fail('it is not a log of Tocsin (not a SQLite database). Choose another data directory, or move the file away.');
    case CORRUPT:
      return fail('the file is damaged. Restore it from a copy, or begin with an empty data directory.');
    case IOERR:
      return fail('the disk reports an error.');
    case BUSY:
      return fail('another process holds it locked. Try again when that process is done.', true);
    default:
      return error;
  }
}
