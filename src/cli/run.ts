import type { RunOptions } from '../app/run/run-options.ts';
import { runPipelines } from '../app/run.ts';
import { AppError } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Pick<
  RunOptions,
  | 'input'
  | 'once'
  | 'data'
  | 'json'
  | 'outcomes'
  | 'clock'
  | 'notify'
  | 'olapStore'
  | 'log'
  | 'hotStore'
  | 'roles'
  | 'sessionMs'
  | 'instanceId'
  | 'quiet'
  | 'listen'
  | 'apiKey'
  | 'pageUrl'
  | 'threads'
  | 'batchRecords'
  | 'commitEveryMs'
> {
  readonly threadMemory?: number;
  readonly newRevision?: true;
  readonly from?: 'earliest' | 'latest' | number;
  readonly for?: number;
}

/** Exit code 1 when `--once` was broken off. */
export async function runCommand(files: string[], options: Options, terminal: Terminal): Promise<number> {
  const signal = terminal.interruption();
  await runPipelines(runOptions(files, options), { ...terminal, signal });
  if (!options.once || !signal.aborted) return 0;
  const rest = options.input === '-' ? 'what had come in is counted' : 'the same command goes on where this one ended';
  terminal.note(`interrupted before the end: ${rest}`);
  return 1;
}

/** @throws AppError `usage` for options that do not go together */
export function runOptions(files: readonly string[], { newRevision, from, for: forMs, threadMemory, ...options }: Options): RunOptions {
  if (options.input !== undefined && files.length > 1) {
    throw new AppError(
      'usage',
      `--input goes into one pipeline, found ${files.length} files. Run them one by one, or ingest into their topics.`,
    );
  }
  const revision = newRevision
    ? ({ kind: 'new' } as const)
    : from === undefined
      ? ({ kind: 'same' } as const)
      : ({ kind: 'from', from } as const);
  return {
    ...options,
    files,
    revision,
    ...(forMs !== undefined && { forMs }),
    ...(threadMemory !== undefined && { threadMemoryMb: threadMemory }),
  };
}
