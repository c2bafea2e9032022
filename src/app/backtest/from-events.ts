/** History out of events: the real engine counts them, on a log of its own that is gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { counted } from '../../core/counted.ts';
import { AppError } from '../../core/errors.ts';
import { reasonsOf, recordsRead, type OutcomeCounts } from '../../core/outcome.ts';
import { silentLogger } from '../../core/logger.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { drive, stopSignal, type DriveDeps } from '../run/drive.ts';
import { totalsOf } from '../run/tell-summaries.ts';
import { createPriorities } from '../embedded/priorities.ts';
import { openEmbeddedRun } from '../embedded/embedded-run.ts';
import { RUN_DEFAULTS, type RunOptions } from '../run/run-options.ts';
import type { InputFile } from './input-file.ts';
import { BATCH_ROWS, createRecordPacker, type Emit, type HistoryWanted } from './record-packer.ts';

const NEVER = new AbortController().signal;
const REASONS_TOLD = 8;

export interface EventsDeps {
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
  /** Ends it before its end. */
  readonly signal?: AbortSignal;
}

/**
 * `file`: of events, into the only source of the pipeline. Resolves to what is to be known of records that were not counted.
 * @throws AppError `input_unreadable`, also where none of them was
 */
export async function historyFromEvents(
  wanted: HistoryWanted,
  config: LoadedPipeline,
  { path, name }: InputFile,
  emit: Emit,
  { clock, stdin, signal }: EventsDeps,
): Promise<string | undefined> {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-backtest-'));
  const options: RunOptions = { ...RUN_DEFAULTS, files: [config], data: dir, input: path, once: true, quiet: true, olapStore: 'none' };
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock });
  try {
    const packer = createRecordPacker(wanted);
    // Judged outside, by as many settings as are asked for; and there is nobody to tell.
    const counting: LoadedPipeline = { ...config, receivers: [], monitor: { ...config.monitor, detect: [] } };
    const run = await openEmbeddedRun(counting, options, {
      log,
      clock,
      logger: silentLogger,
      hotStore: createMemoryHotStore({ history: [] }),
      write: () => {},
      colour: false,
      lane: createPriorities({ clock }).lane(0),
      onJudged: () => {},
      async onCommitted({ records }) {
        for (const record of records) packer.add(record);
        if (packer.count >= BATCH_ROWS) void emit(packer.take());
      },
    });
    const feed: DriveDeps['feed'] = (work, stopping) => work(log, stopping);
    await drive(run, options, { clock, stdin, feed, logger: silentLogger }, stopSignal(options, signal ?? NEVER));
    signal?.throwIfAborted();
    if (packer.count > 0) await emit(packer.take());
    const reasons = reasonsOf(run.engine.partitions().map((partition) => partition.reasons));
    return uncounted(name, totalsOf(run), reasons, isFiltered(config));
  } finally {
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Undefined: all that the pipeline asks for was counted. @throws AppError `input_unreadable` where nothing was */
function uncounted(name: string, outcomes: OutcomeCounts, reasons: ReadonlyMap<string, number>, filtered: boolean): string | undefined {
  const { accepted, duplicate, invalid, late, ignored } = outcomes;
  const read = counted(recordsRead(outcomes), 'record');
  const told = [...reasons].sort((a, b) => b[1] - a[1]).slice(0, REASONS_TOLD);
  const why = told.map(([reason, count]) => `${reason} ${count.toLocaleString('en-US')}`).join(', ');
  const what = [...(invalid > 0 ? [`${counted(invalid, 'invalid one')} (${why})`] : []), ...(late > 0 ? [counted(late, 'late one')] : [])];
  if (accepted + duplicate === 0)
    throw nothingOf(name, ignored > 0 ? [...what, counted(ignored, 'ignored one')] : what, read, filtered && ignored > 0);
  if (what.length === 0) return undefined;
  return `of ${read} of ${name} ${what.join(' and ')} ${invalid + late === 1 ? 'was' : 'were'} not counted`;
}

/** Without a `where` or a `lookup` blank lines alone are ignored. */
function isFiltered({ engine }: LoadedPipeline): boolean {
  return engine.sources.some(({ where, lookups }) => where.length + lookups.length > 0);
}

function nothingOf(name: string, what: readonly string[], read: string, filtered: boolean): AppError {
  const found = what.length === 0 ? 'no record' : `${what.join(' and ')} among ${read}`;
  const which = filtered ? ', which the `where` and the `lookup` of its source let pass' : '';
  return new AppError('input_unreadable', `${name}: found ${found}; expected events of the pipeline${which}`);
}
