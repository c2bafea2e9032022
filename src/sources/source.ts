/** A source brings records to the log: a file, a generator, later HTTP, Kafka and others. */
import type { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';

/** Some records in the layout of the log: record `i` is `bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])`. */
export interface SourceChunk {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  /** Number of the first record's line, from 1, where records are lines of a file. */
  readonly firstLine?: number;
  /**
   * Where to go on after this chunk: a JSON value. Written in the same commit as the records, it makes each record
   * come into the log exactly once; a source opened with it goes on with the record after this chunk.
   */
  readonly resume: unknown;
}

export interface SourceDeps {
  readonly clock: Clock;
  /** Told what a person should know of the input. */
  readonly logger?: Logger;
  /** The `resume` of the last chunk that was committed; undefined at the first start. */
  readonly resume?: unknown;
  /** Ends the source after what it has at hand; no error. */
  readonly signal?: AbortSignal;
  /** End where the input ends now, instead of waiting for more. */
  readonly once?: boolean;
  /** Folder of the pipeline file: relative paths start there; else where the process runs. */
  readonly folder?: string;
}

/** One kind of source; `catalog.ts` lists them all. */
export interface SourceKind<Schema extends z.ZodType = z.ZodType> {
  /** The key under `from:` in the pipeline file. */
  readonly name: string;
  readonly description: string;
  readonly config: Schema;
  /** @throws AppError `input_unreadable`, `input_changed`, `config_invalid`, while it is iterated */
  open(config: z.output<Schema>, deps: SourceDeps): AsyncIterable<SourceChunk>;
}
