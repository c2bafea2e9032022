/**
 * The file of `--outcomes`: one JSON object per input line. Its length belongs to each commit: after a crash it is cut
 * back to what was committed, so every line stands in it once.
 */
import { closeSync, fsyncSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { INVALID, OUTCOMES } from '../../core/outcome.ts';
import type { RecordBatch, StateChange } from '../../log/log.ts';
import { fromStateEntries, toStateChanges } from '../../pipeline/state-codec.ts';
import type { RunOptions } from './run-options.ts';

export interface OutcomesFile {
  add(batch: RecordBatch, outcomes: Uint8Array, reasons: ReadonlyMap<number, string>): void;
  /** Writes what was added; the state to commit with it. */
  sync(): StateChange[];
  close(): void;
}

const PREFIX = 'outcomes/';

/** State keys that tell how long each outcomes file was at the last commit. */
export const outcomesStatePrefix = PREFIX;

/**
 * `byInput`: `line` counts the lines of the one file that is read. Else it counts the records of the topic, from 1: what was
 * brought there from several inputs has several first lines.
 * @throws AppError `data_dir_unusable` when the file cannot be written
 */
function openOutcomesFile(path: string, byInput: boolean, state: readonly (readonly [key: string, value: Uint8Array])[]): OutcomesFile {
  const absolute = resolve(path);
  const committed = new Map(fromStateEntries(PREFIX, state)).get(absolute) as number | undefined;
  let descriptor: number;
  let length = 0;
  try {
    // Not truncated on opening: what was committed must survive a crash right here.
    descriptor = openSync(absolute, 'a');
    if (committed !== undefined && fstatSync(descriptor).size >= committed) length = committed;
    ftruncateSync(descriptor, length);
  } catch (error) {
    throw unwritable(path, error);
  }
  let lines = '';

  return {
    add(batch, outcomes, reasons) {
      for (let i = 0; i < batch.count; i++) {
        const offset = batch.firstOffset + i;
        const line = byInput && batch.firstLine !== undefined ? batch.firstLine + i : offset + 1;
        const outcome = OUTCOMES[outcomes[i]!]!;
        lines += `${JSON.stringify({ line, outcome, ...(outcomes[i] === INVALID && { reason: reasons.get(i) }) })}\n`;
      }
    },
    sync() {
      if (lines === '') return [];
      const bytes = Buffer.from(lines);
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
        fsyncSync(descriptor);
      } catch (error) {
        throw unwritable(path, error);
      }
      length += bytes.length;
      lines = '';
      return toStateChanges(PREFIX, [[absolute, length]]);
    },
    close: () => closeSync(descriptor),
  };
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist. Make it, or name another file with --outcomes.',
  EACCES: 'no permission. Give this user the right to write it, or name another file with --outcomes.',
  EISDIR: 'it is a directory. Name a file with --outcomes.',
  ENOSPC: 'the disk is full. Nothing committed is lost: free some space and run again.',
};

function unwritable(path: string, error: unknown): AppError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new AppError(
    code === 'ENOSPC' ? 'disk_full' : 'data_dir_unusable',
    `cannot write the outcomes to ${path}: ${WHY[code] ?? message}`,
    {
      cause: error,
    },
  );
}

/** Undefined where none is wanted. `noted`: the state that was committed with it. */
export function outcomesFileOf({
  outcomes,
  input,
}: RunOptions): ((noted: readonly (readonly [string, Uint8Array])[]) => OutcomesFile) | undefined {
  return outcomes === undefined ? undefined : (noted) => openOutcomesFile(outcomes, input !== undefined, noted);
}
