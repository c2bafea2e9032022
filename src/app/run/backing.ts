/** What a run stands on: a log in the data directory, or Kafka. Either gives the pipelines' runs, and views of the log for all beside them. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { HotStore } from '../../hot-store/hot-store.ts';
import type { Log } from '../../log/log.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { PartsDeps } from './pipeline-parts.ts';
import type { PipelineRun } from './pipeline-run.ts';

export interface Backing {
  readonly runs: readonly PipelineRun[];
  /** Of what is shown, and pushed to. */
  readonly shown: Log;
  /** Of writes that are handed in by other processes of this machine. */
  readonly fed: Log;
  /** Brings in what files and generators have: `work` gets the log that holds their positions. Where another process does it, it waits. */
  feed(work: (log: Log, signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Of the OLAP store's writer, with its offsets. */
  readonly stored: Log;
  /** For messages: where the log is. */
  readonly where: string;
  close(): Promise<void>;
}

export interface BackingDeps extends PartsDeps {
  /** The log in the data directory. */
  readonly local: Log;
  readonly dir: string;
  /** Its file. */
  readonly logPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hotStore: HotStore;
  readonly signal: AbortSignal;
  readonly onJudged: (records: number) => void;
  readonly onCommitted: (config: LoadedPipeline, committed: Committed) => Promise<void>;
}
