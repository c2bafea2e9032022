/**
 * The files that a log was rotated into: beside it, called as it is with a number or a date behind (`.1`, `-20261123`), or `.old`, compressed
 * or not. Which of them was begun with is known by its content, for names shift and copies have other inodes.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { explained, openContent } from './content.ts';
import { fileId, openInput, type OpenedInput } from './open-input.ts';
import { isChanged } from './resume.ts';
import { createTrail, type LineResume } from './trail.ts';

export interface LogFile {
  readonly path: string;
  /** Of the file itself, whatever it is called. */
  readonly id: string;
  readonly bytes: bigint;
  readonly changedNs: bigint;
}

/** Undefined where there is none, or no regular one. */
export async function fileAt(path: string): Promise<LogFile | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined);
  return info?.isFile() ? { path, id: fileId(info), bytes: info.size, changedNs: info.mtimeNs } : undefined;
}

/** The oldest first. Listed until it is twice the same: names may be shifting just now. */
export async function rotatedFiles(path: string): Promise<LogFile[]> {
  for (let before = await listed(path); ;) {
    const after = await listed(path);
    if (sameFiles(before, after)) return after;
    before = after;
  }
}

/**
 * What comes after a file of the log: the next younger one, behind the last of them the log itself. Compressed meanwhile the file has
 * another `id`, which comes back too: it is the one with the content of `resume`. Deleted, it is followed by the first that was written later.
 */
export async function fileAfter(
  path: string,
  { id, changedNs }: Pick<LogFile, 'id' | 'changedNs'>,
  resume?: LineResume,
): Promise<{ id: string; next: LogFile | undefined }> {
  for (let known = id; ;) {
    const files = await rotatedFiles(path);
    const at = files.findLastIndex((file) => file.id === known);
    if (at >= 0) return { id: known, next: files[at + 1] ?? (await fileAt(path)) };
    const now = await fileAt(path);
    if (now?.id === known) return { id: known, next: now };
    // One that cannot be read just now has its place by its time all the same.
    const begun = resume && (await openBegun(path, resume).catch(() => undefined));
    await begun?.close();
    if (!begun?.file) return { id: known, next: files.find((file) => file.changedNs > changedNs) ?? now };
    known = begun.file.id;
  }
}

/**
 * The rotated file that an earlier reading came to this place in, opened.
 * @throws AppError `input_unreadable` where it is none of those that can be read, and one of them cannot
 */
export async function openBegun(path: string, resume: LineResume): Promise<OpenedInput | undefined> {
  for (let files = await rotatedFiles(path); ;) {
    let fault: unknown;
    for (const file of files.toReversed()) {
      let opened: OpenedInput | undefined;
      try {
        opened = await openInput({ path: file.path });
        if (await holds(opened, resume)) return opened;
      } catch (error) {
        fault ??= error;
      }
      await opened?.close();
    }
    const now = await rotatedFiles(path);
    if (sameFiles(files, now)) {
      if (fault === undefined) return undefined;
      throw perhapsBegun(path, resume, fault);
    }
    files = now;
  }
}

/**
 * Whether a file has the content that an earlier reading came to this place in.
 * @throws AppError `input_unreadable`
 */
export async function holds(opened: OpenedInput, resume: LineResume): Promise<boolean> {
  const trail = createTrail();
  const { pieces, compression } = await openContent(opened, { trail, resume, mayGoOn: true }, { wait: async (next) => next });
  try {
    await pieces[Symbol.asyncIterator]().next();
    return true;
  } catch (error) {
    if (isChanged(error)) return false;
    throw explained(opened.name, error, compression, trail.position());
  }
}

function perhapsBegun(path: string, { line }: LineResume, fault: unknown): unknown {
  if (!(fault instanceof AppError)) return fault;
  const text = `${fault.message} It may be the file that ${path} was rotated into, whose lines behind line ${line} are still to be read: mend it, or move it away.`;
  return new AppError(fault.code, text, { cause: fault });
}

const NUMBER = /^\.\d{1,6}$/;
const DATE = /^[-_.]\d[-_.:\dTZ]*$/;
const PACKED = /\.(gz|zst)$/;
const collator = new Intl.Collator('en', { numeric: true });

async function listed(path: string): Promise<LogFile[]> {
  const own = await realpath(path).catch(() => path);
  const folder = dirname(own);
  const name = basename(own);
  const suffixOf = (each: string): string => basename(each).slice(name.length).replace(PACKED, '');
  const isRotated = (each: string): boolean =>
    each.startsWith(name) && (DATE.test(suffixOf(each)) || suffixOf(each) === '.old' || (suffixOf(each) === '' && PACKED.test(each)));
  const names = new Set((await readdir(folder).catch(() => [])).filter(isRotated));
  // While a file is being compressed both are there, and only the plain one is whole.
  const whole = [...names].filter((each) => !PACKED.test(each) || !names.has(each.replace(PACKED, '')));
  const files = (await Promise.all(whole.map((each) => fileAt(join(folder, each))))).filter((file) => file !== undefined);
  const isNumbered = ({ path: each }: LogFile): boolean => NUMBER.test(suffixOf(each));
  const isDated = ({ path: each }: LogFile): boolean => DATE.test(suffixOf(each)) && !NUMBER.test(suffixOf(each));
  const byName = (a: LogFile, b: LogFile): number => {
    if (isDated(a) !== isDated(b)) return Number(isDated(a)) - Number(isDated(b));
    const order = collator.compare(suffixOf(a.path), suffixOf(b.path));
    return isDated(a) ? order : -order;
  };
  if (files.every(isNumbered) || files.every(isDated)) return files.toSorted(byName);
  return files.toSorted((a, b) => Number(a.changedNs - b.changedNs) || byName(a, b));
}

function sameFiles(some: readonly LogFile[], others: readonly LogFile[]): boolean {
  return some.length === others.length && some.every(({ path, id }, i) => path === others[i]!.path && id === others[i]!.id);
}
