import { ingest, type IngestProgress, type IngestResult } from '../app/control/ingest.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { createLogger } from '../core/logger.ts';
import { bytesText, grouped } from './table.ts';
import type { Terminal } from './terminal.ts';
import { counted, plural } from '../core/counted.ts';

interface Options {
  readonly topic: string;
  readonly partition: number;
  readonly partitions?: number;
  readonly again: boolean;
  readonly follow: boolean;
  readonly data: string;
  readonly log?: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Exit code 1 when a file was broken off: the same command goes on with it. */
export async function ingestCommand(file: string, options: Options, terminal: Terminal): Promise<number> {
  const { topic, partition, partitions, again, follow, data, log, quiet } = options;
  const started = systemClock.elapsed();
  const progress = createProgress(terminal, systemClock, quiet);
  const logger = createLogger((line) => progress.aside(line));
  const result = await ingest(
    {
      data,
      ...(log !== undefined && { log }),
      topic,
      partition,
      again,
      follow,
      input: file === '-' ? { stream: terminal.stdin, name: 'standard input' } : { path: file },
      signal: terminal.interruption(),
      ...(partitions !== undefined && { newPartitions: partitions }),
    },
    { clock: systemClock, logger: quiet ? { ...logger, info: () => {} } : logger, onProgress: progress.show },
  ).finally(progress.clear);
  const seconds = (systemClock.elapsed() - started) / 1_000;
  if (options.json) {
    const { lines, bytes, skippedLines } = result;
    await terminal.print(
      JSON.stringify({ topic, partition, lines, bytes, skipped_lines: skippedLines, seconds: Number(seconds.toFixed(3)) }),
    );
  } else if (!quiet) terminal.note(summary(file, `${topic}/${partition}`, result, seconds));
  if (!result.interrupted || follow || file === '-') return 0;
  terminal.note('interrupted: the same command goes on where this one ended');
  return 1;
}

function summary(file: string, target: string, { lines, bytes, skippedLines }: IngestResult, seconds: number): string {
  const before =
    skippedLines === 0
      ? ''
      : `; the first ${counted(skippedLines, 'line')} of ${file} ${plural(skippedLines, 'was', 'were')} there from an earlier ingest (--again appends them once more)`;
  return `${counted(lines, 'line')} (${bytesText(bytes)}) appended to ${target} in ${seconds.toFixed(1)} s${before}`;
}

const TERMINAL_EVERY_MS = 200;
const FILE_EVERY_MS = 5_000;

/** On a terminal one line that changes; elsewhere a line every few seconds. */
function createProgress(
  { stderr }: Pick<Terminal, 'stderr'>,
  clock: Clock,
  quiet: boolean,
): { show(at: IngestProgress): void; aside(line: string): void; clear(): void } {
  const live = stderr.isTTY;
  const started = clock.elapsed();
  let shown = started;
  let open = false;
  const clear = (): void => {
    if (open) stderr.write('\r\x1b[K');
    open = false;
  };
  return {
    show({ lines, bytes }) {
      const now = clock.elapsed();
      if (quiet || now - shown < (live ? TERMINAL_EVERY_MS : FILE_EVERY_MS)) return;
      shown = now;
      const rate = Math.round((lines / (now - started)) * 1_000);
      const text = `${counted(lines, 'line')}, ${bytesText(bytes)}, ${grouped(rate)} lines/s`;
      stderr.write(live ? `\r\x1b[K${text}` : `tocsin: ${text}\n`);
      open = live;
    },
    aside(line) {
      clear();
      stderr.write(line);
    },
    clear,
  };
}
