/** Where a backtest's history comes from, as it was asked for and as it is there. */
import { statSync } from 'node:fs';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Log } from '../../log/log.ts';
import type { BacktestReport } from '../../server/api.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { choosePipeline, withReading } from '../readers/reading.ts';
import { asCounted, refuseOthers } from './as-counted.ts';
import { historyFromEvents } from './from-events.ts';
import { historyFromLog } from './from-log.ts';
import { firstLine, historyFromRows, isWindowRow } from './from-rows.ts';
import { historyFromStore } from './from-store.ts';
import { withInputFile, type InputFile } from './input-file.ts';
import { newestInLog } from './newest-in-log.ts';
import type { Emit, HistoryWanted } from './record-packer.ts';
import { counted, plural } from '../../core/counted.ts';
import { timeText, zoneNamed, type Zone } from '../../core/told-time.ts';

export interface HistoryPlace {
  /** A file of events or of rows, or a pipe, `-` for standard input; undefined: what a run has left in the data directory. */
  readonly input?: string;
  readonly data: string;
  /** Address of Kafka, where the log is not in the data directory. */
  readonly log?: string;
  /** Undefined: the OLAP store where it is there and has the windows, else the log. */
  readonly history?: 'olap' | 'log';
  /** Default: as the pipeline was run. */
  readonly olapStore?: string;
}

export interface HistoryDeps {
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
  /** Ends it before its end. */
  readonly signal?: AbortSignal;
}

export interface History {
  /** Known once it was read. */
  readonly source: () => BacktestReport['source'];
  /** Perhaps a lot, and quick to read: worth threads of its own. */
  readonly isLarge: boolean;
  /** Its windows follow from the pipeline file, so that the file may change them. */
  readonly counts: boolean;
  /** Windows that begin before it were counted by an earlier revision of the file; epoch ms. Absent: none were. */
  readonly countedSince?: number;
  read(wanted: HistoryWanted, config: LoadedPipeline, emit: Emit): Promise<void>;
  /** What is to be known of what was read. */
  notes(): string[];
}

/** A file of rows beyond this takes longer to judge than a thread takes to start. */
const LARGE_BYTES = 20 * 1_048_576;

/** `config`: the file as it is; `needed`: names of what its detectors ask for. @throws AppError for what is not there; `usage` for what was not computed */
export async function withHistory<T>(
  place: HistoryPlace,
  config: LoadedPipeline,
  needed: { readonly measures: readonly string[]; readonly windows: readonly string[] },
  deps: HistoryDeps,
  work: (history: History) => Promise<T>,
): Promise<T> {
  if (place.input !== undefined) {
    return withInputFile(place.input, deps.stdin, deps.signal, async (file) => work(await fileHistory(file, config, deps)));
  }
  return withReading(place, deps.clock, async (reading) => {
    const record = choosePipeline(reading, config.engine.pipeline);
    refuseOthers(config, record, needed.measures, needed.windows);
    const { changed, since } = await asCounted(reading.log, config);
    const told = (history: History): Promise<T> =>
      work({ ...history, countedSince: since, notes: () => [...history.notes(), ...(changed === undefined ? [] : [changed])] });
    const opened = place.history === 'log' ? undefined : await openedStore(reading.dir, record, place, deps);
    const log = logHistory(record.topics.windows, reading.log, deps, opened instanceof AppError ? opened : undefined);
    if (!opened || opened instanceof AppError) return told(log);
    try {
      const inLog = (windows: HistoryWanted['windows']) => newestInLog(reading.log, record.topics.windows, windows);
      return await told(storeHistory(opened, inLog, zoneNamed(config.timeZone), place.history === 'olap' ? undefined : log));
    } finally {
      await opened.close();
    }
  });
}

/** `trouble`: why the OLAP store, which may have more, is not read. */
function logHistory(topic: string, log: Log, deps: HistoryDeps, trouble?: AppError): History {
  return {
    source: () => 'log',
    isLarge: true,
    counts: false,
    async read(wanted, _, emit) {
      let rows = 0;
      const counting: Emit = (columns) => {
        rows += columns.count;
        return emit(columns);
      };
      await historyFromLog(wanted, topic, log, counting, deps);
      if (rows > 0 || !trouble) return;
      const { code, message, retryable } = trouble;
      const text = `the log has no windows of this time, and the OLAP store, which may have them, is not to be had: ${message}`;
      throw new AppError(code, text, { retryable, cause: trouble });
    },
    notes: () => (trouble ? [`the OLAP store is not to be had, these windows are from the log: ${trouble.message}`] : []),
  };
}

/** `inLog`: start of the newest window there; `otherwise`: where the rows are if the store has none of them. */
function storeHistory(
  store: OlapStore,
  inLog: (windows: HistoryWanted['windows']) => Promise<number | undefined>,
  zone: Zone,
  otherwise: History | undefined,
): History {
  let corrected = 0;
  /** Where the log has newer windows: start of the newest one of the store, epoch ms. */
  let behindAt: number | undefined;
  let isEmpty = false;
  let isWithoutKeys = false;
  return {
    source: () => (isEmpty ? 'log' : 'olap'),
    isLarge: true,
    counts: false,
    async read(wanted, config, emit) {
      let rows = 0;
      let last = -Infinity;
      const counting: Emit = (columns) => {
        rows += columns.count;
        last = columns.start.reduce((a, b) => Math.max(a, b), last);
        return emit(columns);
      };
      await historyFromStore(wanted, store, counting, (some) => (corrected += some));
      const newest = Math.min((await inLog(wanted.windows)) ?? -Infinity, (wanted.to ?? Infinity) - 1);
      // It is filled once a second or so.
      const largest = Math.max(...wanted.windows.map(({ window }) => window.sizeMs));
      if (rows > 0 && newest - last > largest) behindAt = last;
      isWithoutKeys = rows > 0 && wanted.sketched.length > 0;
      if (rows > 0 || !otherwise) return;
      isEmpty = true;
      await otherwise.read(wanted, config, emit);
    },
    notes: () => [
      ...(corrected === 0
        ? []
        : [
            `${counted(corrected, 'row')} ${plural(corrected, 'was', 'were')} corrected after their window had closed: the store holds what they are now, live the detectors saw them before`,
          ]),
      ...(behindAt === undefined
        ? []
        : [
            `the OLAP store is behind: its newest window begins at ${timeText(behindAt, zone)}, and the log has newer ones; --history log reads them`,
          ]),
      ...(isWithoutKeys ? [`${NO_KEYS}: they are not read out of the store; --history log has them`] : []),
    ],
  };
}

const NO_KEYS = 'the alerts of heavy hitters name no keys here';

async function fileHistory(file: InputFile, config: LoadedPipeline, deps: HistoryDeps): Promise<History> {
  const { sources } = config.engine;
  const found = new Set<string>();
  if (isWindowRow(await firstLine(file.path))) {
    return {
      source: () => 'windows',
      isLarge: statSync(file.path).size > LARGE_BYTES,
      counts: false,
      async read(wanted, _, emit) {
        const { flatRows, notes } = await historyFromRows(wanted, config.engine, file, emit, deps.signal);
        if (flatRows > 0 && wanted.sketched.length > 0) {
          found.add(`${NO_KEYS}: flat rows do not hold them; the records of the topic of windows do`);
        }
        for (const note of notes) found.add(note);
      },
      notes: () => [...found],
    };
  }
  if (sources.length > 1) {
    throw new AppError(
      'usage',
      `--input goes into one source; ${config.engine.pipeline} has ${sources.length}. Give a file of window rows (tocsin windows --json), or the data directory of a run`,
    );
  }
  return {
    source: () => 'events',
    isLarge: false,
    counts: true,
    async read(wanted, counting, emit) {
      const note = await historyFromEvents(wanted, counting, file, emit, deps);
      if (note !== undefined) found.add(note);
    },
    notes: () => [...found],
  };
}

/** Undefined: there is none; an error: why it could not be opened. */
async function openedStore(
  dir: string,
  record: PipelineRecord,
  { history, olapStore }: HistoryPlace,
  deps: HistoryDeps,
): Promise<OlapStore | AppError | undefined> {
  const named = olapStore ?? record.olapStore;
  if (named === 'none' && history !== 'olap') return undefined;
  try {
    const { openStore } = await import('../readers/older-rows.ts');
    return await openStore(dir, named, deps);
  } catch (error) {
    if (!(error instanceof AppError) || history === 'olap') throw error;
    return error;
  }
}
