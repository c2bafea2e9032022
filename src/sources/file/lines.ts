/**
 * Reads a file, a FIFO or a stream as lines, from the start or from where an earlier reading came to. A file that was rotated meanwhile is
 * read to its end under the name that it has now, then those that came after it, in order of age, then the one at the path.
 */
import { basename } from 'node:path';
import { sleep } from '../../core/clock.ts';
import { silentLogger, type Logger } from '../../core/logger.ts';
import { inputLines, type InputOptions } from './input-lines.ts';
import { openInput, type Following, type LineInput, type OpenedInput } from './open-input.ts';
import { EditedInput, isChanged } from './resume.ts';
import { fileAfter, fileAt, holds, openBegun, rotatedFiles, type LogFile } from './rotated.ts';
import type { LineChunk } from './splitter.ts';
import type { LineResume } from './trail.ts';

export interface LineOptions extends InputOptions {
  /**
   * Regular files: wait for more at the end, and hold back a last line without LF until the file is rotated; then go on with the new file
   * at the path. Ends by `signal`, and where the file at the path is compressed.
   */
  readonly follow?: boolean;
  /** How often a followed file is looked at for more, ms; default 200. */
  readonly lookEveryMs?: number;
  /** Told where reading goes on in another file. */
  readonly logger?: Logger;
}

const LOOK_EVERY_MS = 200;
/** A file that was rotated is left when so many looks (a second) found nothing new in it: its writers move on one by one. */
const LAST_LOOKS = 5;
const NEVER = new AbortController().signal;

/** @throws AppError `input_unreadable`, `input_changed`, while it is iterated */
export async function* openLines(input: LineInput, options: LineOptions = {}): AsyncGenerator<LineChunk> {
  const { follow = false, signal, logger = silentLogger, lookEveryMs: everyMs = LOOK_EVERY_MS, resume, ...rest } = options;
  let opened = await openFirst(input, options);
  /** Of the last chunk, perhaps of an earlier file: then this one is read from its beginning. */
  let last = resume;
  let isBegun = last !== undefined;
  try {
    for (;;) {
      const path = opened.file && 'path' in input ? input.path : undefined;
      const id = opened.file?.id ?? '';
      const isRotated = path !== undefined && opened.name !== path;
      const following = follow && path !== undefined ? whileWritten(path, opened, everyMs) : undefined;
      try {
        const chunks = inputLines(opened, {
          ...rest,
          mayGoOn: follow || isRotated,
          ...(signal && { signal }),
          ...(following && { following }),
          ...(isBegun && last && { resume: last }),
        });
        for await (const chunk of chunks) {
          last = chunk.resume;
          isBegun = true;
          yield chunk;
        }
      } catch (error) {
        if (path === undefined || !isChanged(error)) throw error;
        const begun = isRotated || !last ? undefined : await openBegun(path, last);
        if (!begun && (!follow || error instanceof EditedInput)) throw error;
        if (begun) logger.info(`${path} was rotated: what stands behind line ${last!.line} of the file before is read from ${begun.name}`);
        else if (last) logger.warn(await lost(path, last.line));
        isBegun = begun !== undefined;
        await opened.close();
        opened = begun ?? (await openInput({ path }));
        continue;
      }
      if (path === undefined || signal?.aborted || (!isRotated && !following?.wasOver())) return;
      const next = await openNext(path, opened, last, options);
      if (!next) return;
      await opened.close();
      opened = next;
      if (next.file?.id === id || (isBegun && last && (await isCopy(path, id, next, last)))) continue;
      logger.info(`${path} was rotated: the file before is read to its end, line ${isBegun ? last!.line : 0}; next is ${next.name}`);
      isBegun = false;
    }
  } finally {
    await opened.close();
  }
}

/** At the very moment of a rotation there may be nothing at the path; what came there meanwhile is opened. */
async function openFirst(input: LineInput, { follow, resume }: LineOptions): Promise<OpenedInput> {
  for (;;) {
    try {
      return await openInput(input);
    } catch (error) {
      if (!follow || !resume || !('path' in input) || !isMissing(error)) throw error;
      if (await fileAt(input.path)) continue;
      const begun = await openBegun(input.path, resume);
      if (!begun) throw error;
      return begun;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** The file after the one that was read to its end; at the path it is waited for. Undefined: ended by the signal. */
async function openNext(
  path: string,
  opened: OpenedInput,
  resume: LineResume | undefined,
  { follow, signal, lookEveryMs = LOOK_EVERY_MS }: LineOptions,
): Promise<OpenedInput | undefined> {
  for (let known = await listedAs(opened); ;) {
    if (signal?.aborted) return undefined;
    const found = await fileAfter(path, known, resume);
    const { next } = found;
    if (!next && !follow) return openInput({ path });
    const isThere = next && (next.path !== path || next.bytes > 0n || !follow);
    const listed = isThere ? await openListed(next) : undefined;
    // Looked for again now that it is open: copied and emptied just before, it is beside itself, and comes later.
    const again = listed && (await fileAfter(path, { ...known, id: found.id }, resume));
    if (listed && again?.next?.id === next?.id) return listed;
    await listed?.close();
    known = { ...known, id: again?.id ?? found.id };
    await sleep(lookEveryMs, signal ?? NEVER);
  }
}

/** What fileAfter takes: it may be nowhere among the files any more. */
async function listedAs({ file }: OpenedInput): Promise<Pick<LogFile, 'id' | 'changedNs'>> {
  return { id: file?.id ?? '', changedNs: (await file?.changedNs()) ?? 0n };
}

/** What was read stands in the next file too: an editor or rsync put a copy in its place, or a copy lies beside. A log that was renamed is not one. */
async function isCopy(path: string, id: string, next: OpenedInput, last: LineResume): Promise<boolean> {
  const isRenamed = next.name === path && (await rotatedFiles(path)).some((file) => file.id === id);
  return !isRenamed && last.position > 0 && holds(next, last);
}

/** Undefined where another file has the name by now. */
async function openListed({ path, id }: LogFile): Promise<OpenedInput | undefined> {
  try {
    const opened = await openInput({ path });
    if (opened.file?.id === id) return opened;
    await opened.close();
  } catch (error) {
    if (await fileAt(path)) throw error;
  }
  return undefined;
}

/** Reads a file until another one took its place and nothing new came for a while. */
function whileWritten(path: string, opened: OpenedInput, everyMs: number): Following & { wasOver(): boolean } {
  let looks = 0;
  let lookedAt = 0;
  let isOver = false;
  return {
    everyMs,
    wasOver: () => isOver,
    async isOver(position) {
      const now = await fileAt(path);
      const next = now?.id === opened.file?.id ? undefined : (await fileAfter(path, await listedAs(opened))).next;
      looks = next && position === lookedAt ? looks + 1 : 0;
      lookedAt = position;
      // One that is followed by yet another is written by nobody; while the new one is empty its writers have not moved on.
      isOver = next !== undefined && (next.path !== path || (next.bytes > 0n && looks >= LAST_LOOKS));
      return isOver;
    },
  };
}

async function lost(path: string, line: number): Promise<string> {
  const beside = (await rotatedFiles(path)).map((file) => basename(file.path));
  return (
    `${path} is another file than the one that was begun with, or was emptied, and that one is not beside it (as ${path}.1, -20261123, .gz): ` +
    `what stood there behind line ${line} is not read. Reading goes on with line 1 of ${path}.` +
    (beside.length > 0 ? ` Not read either: ${beside.slice(-5).join(', ')}${beside.length > 5 ? ', and older ones' : ''}.` : '')
  );
}
