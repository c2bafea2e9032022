/** One pipeline of a running Tocsin, wherever its log is. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { ReadAnew } from '../../dead-letter/in-force.ts';
import type { Engine } from '../../pipeline/engine.ts';
import type { LookCounts } from '../../pipeline/monitor/look-plan.ts';
import type { NotifyStage } from '../../pipeline/notify-stage.ts';
import type { ThreadCounts } from '../threads/threads.ts';

/** What a run shows of its counting. */
export type EngineView = Pick<Engine, 'counts' | 'partitions' | 'frontier'>;

/** What holds its reading up, beside the records themselves. */
export interface Pressure {
  /** Records of `p.partials` that the monitor has not taken in, and above how many the aggregations wait; undefined: all is one process. */
  partials(): Promise<{ readonly waiting: number; readonly limit: number } | undefined>;
  /** It gives way to a pipeline of higher priority in this process. */
  givesWay(): boolean;
}

export interface PipelineRun {
  readonly config: LoadedPipeline;
  readonly engine: EngineView;
  readonly notify: Pick<NotifyStage, 'counts' | 'decided' | 'waiting'>;
  /** Looks at open windows, since the start. */
  looks(): LookCounts;
  /** Threads that aggregate for it. */
  threads(): ThreadCounts;
  readonly pressure: Pressure;
  /** What its revisions have read again; `since`: such a revision is known to have begun. */
  readAnew(since?: number): Promise<readonly ReadAnew[]>;
  /**
   * Reads and commits until `signal`; with `once` until everything is read and `fed()`, then flushes.
   * @throws AppError `disk_full` and others of the log: what was not committed is done again at the next start
   */
  run(signal: AbortSignal, fed: () => boolean): Promise<void>;
}
