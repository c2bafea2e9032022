/** What `tocsin run` is told; the command line fills it, tests and scripts may too. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Role } from '../roles/roles.ts';
import type { RevisionChoice } from '../../pipeline/revision.ts';

/** What a run is unless told otherwise. */
export const RUN_DEFAULTS = {
  once: false,
  json: false,
  quiet: false,
  notify: false,
  revision: { kind: 'same' },
  olapStore: 'embedded',
} as const satisfies Partial<RunOptions>;

/** The data directory unless told. */
export const DEFAULT_DATA = '.tocsin';

export interface RunOptions {
  /** Pipeline files, or pipelines defined in TypeScript; at least one. */
  readonly files: readonly (string | LoadedPipeline)[];
  /** The data directory; made where it is missing. */
  readonly data: string;
  /** It is deleted after the run. */
  readonly isTemporary?: boolean;
  /** File whose lines are read into the pipeline's topic; `-` is standard input. Only with one pipeline of one source. */
  readonly input?: string;
  /** Read to the end (of the input, else of what the log holds), flush, stop. */
  readonly once: boolean;
  /** One JSON object at the end instead of text for people. */
  readonly json: boolean;
  /** NDJSON file with the outcome of each line of the input. */
  readonly outcomes?: string;
  /** Which time tells a record's delay: when it was appended, or none (event time alone). Default: `event` with `once`, else `append`. */
  readonly clock?: 'append' | 'event';
  readonly revision: RevisionChoice;
  /** With `once`: by input partition (`ad-events/0`) the first offset that is not read any more; default: the topics' ends. */
  readonly readTo?: ReadonlyMap<string, number>;
  /** With `once`: also tell receivers beyond the console. */
  readonly notify: boolean;
  /** Address of Kafka (`kafka://host:port`), where the log is not in the data directory. */
  readonly log?: string;
  /** Address of Redis (`redis://host:port`); default: in this process's memory. */
  readonly hotStore?: string;
  /** With Kafka: what this process does; default: everything. */
  readonly roles?: ReadonlySet<Role>;
  /** With Kafka: a process that is silent for so long is taken for dead, ms. */
  readonly sessionMs?: number;
  /** With Kafka: this process's name in the consumer groups, the same after a restart; default: none, a new one at each start. Not with `once`. */
  readonly instanceId?: string;
  /** Address (http, https) of a ClickHouse server, the chDB that comes along, or none. */
  readonly olapStore: 'embedded' | 'none' | (string & {});
  /** Where the HTTP server listens, `HOST:PORT` (port 0: any); `none`, or nothing named: there is none. `once` opens none. */
  readonly listen?: string;
  /** Where people open the page (http, https): messages link there. Default: the console alone names a local one. */
  readonly pageUrl?: string | undefined;
  /** What who asks the HTTP server has to show; needed where other machines reach it. */
  readonly apiKey?: string;
  /** No progress for people; warnings and alerts stay. */
  readonly quiet: boolean;
  /** End by itself after so long, ms. */
  readonly forMs?: number;
  /** Records a batch at most: tests try the seams. */
  readonly batchRecords?: number;
  /** Threads that aggregate; 1: none, the main thread does it. Default: none until the main thread is too busy, then as many as the cores. */
  readonly threads?: number;
  /** JavaScript heap of such a thread, MB; default: as much as Node gives it. */
  readonly threadMemoryMb?: number;
  /** How often is committed, ms; default 250, with Kafka 1,000. */
  readonly commitEveryMs?: number;
}
