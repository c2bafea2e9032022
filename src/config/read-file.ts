import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { AppError } from '../core/errors.ts';

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'it is a directory; expected a file',
  ENOTDIR: 'a part of its path is not a directory',
  ELOOP: 'its symbolic links go round in a circle',
  ENAMETOOLONG: 'its name is too long',
};

/** A small text file, whole. @throws AppError `config_invalid`: missing, unreadable, not a file, too large or not UTF-8 */
export function readTextFile(path: string, what: string, maxBytes: number): string {
  let bytes: Buffer;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw Object.assign(new Error('directory'), { code: 'EISDIR' });
    if (!stat.isFile()) throw new AppError('config_invalid', `${path}: found something that is not a file; expected ${what}`);
    if (stat.size > maxBytes) {
      throw new AppError('config_invalid', `${path}: found ${stat.size} bytes; expected ${what}, of at most ${maxBytes} bytes`);
    }
    bytes = readFileSync(path);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new AppError('config_invalid', `${path}: cannot read ${what}: ${WHY[code] ?? code}`, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('config_invalid', `${path}:${badLine(bytes)}: found bytes that are not UTF-8; expected ${what} in UTF-8`, { cause });
  }
}

/** Number of the first line that is not UTF-8. No character spans a line end, so that lines can be looked at one by one. */
function badLine(bytes: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let from = 0; from <= bytes.length; line += 1) {
    const lf = bytes.indexOf(10, from);
    const end = lf < 0 ? bytes.length : lf;
    try {
      decoder.decode(bytes.subarray(from, end));
    } catch {
      return line;
    }
    from = end + 1;
  }
  return line;
}

/** A path as a file in `folder` names it. */
export function fromFolder(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** @throws AppError `config_invalid` with the place in the file */
export function readJsonFile(path: string, what: string, maxBytes: number): unknown {
  const text = readTextFile(path, what, maxBytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const before = text.slice(0, validPrefix(text)).split('\n');
    const detail = message.replace(/(, \.*".*| in JSON at position.*| is not valid JSON)$/s, '');
    const place = `${path}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
    throw new AppError('config_invalid', `${place}: not JSON: ${detail}; expected ${what}`, { cause });
  }
}

/** Length of the longest beginning that could still become JSON: the engine's messages do not always say where it broke. */
function validPrefix(text: string): number {
  let valid = 0;
  let broken = text.length + 1;
  while (broken - valid > 1) {
    const middle = Math.floor((valid + broken) / 2);
    if (isUnfinished(text.slice(0, middle))) valid = middle;
    else broken = middle;
  }
  return valid;
}

function isUnfinished(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const position = /at position (\d+)/.exec(message)?.[1];
    return /end of JSON input|Unterminated/.test(message) || (position !== undefined && Number(position) >= text.length);
  }
}
