/** Every code a person can meet, with what it means; docs/errors.md is held against this list by a test. */
export const ERROR_CODES = {
  config_invalid: 'The pipeline file, a schema or an option is wrong; the message says where and how to mend it.',
  data_dir_unusable: 'The data directory cannot be created, read or written.',
  data_dir_locked: 'Another Tocsin process works on this data directory.',
  data_format: 'The data directory was written by another, incompatible version.',
  disk_full: 'The disk that holds the data directory is full. Nothing committed is lost.',
  input_unreadable: 'An input file is missing, unreadable or broken (for example a truncated gzip).',
  input_changed: 'The input is not the file that was begun with on this data directory.',
  revision_changed: 'The pipeline file now gives other results than the state in the data directory.',
  topic_unknown: 'No such topic in the log.',
  topic_conflict: 'Two pipelines or a topic and its settings clash.',
  log_unavailable: 'The log (Kafka) cannot be reached, or has nobody in charge of a partition.',
  log_refused: 'The log (Kafka) refuses: wrong password, missing permission, TLS, a server that is too old.',
  log_unreadable: 'What a partition of the log holds cannot be read.',
  log_fenced: 'Another process has taken over what this one was working on.',
  thread_ended: 'A thread that counts partitions has ended again and again, or the one that writes the log has. Nothing committed is lost.',
  memory_short: 'The process gets no more memory, or no more addresses for it. Nothing committed is lost.',
  record_too_large: 'A record, or what is to be committed together, is larger than the log takes.',
  pipeline_unknown: 'No such pipeline in the data directory, or more than one and none was named.',
  alert_unknown: 'No such alert in the pipeline.',
  silence_unknown: 'No such silence in the pipeline.',
  silence_limit: 'The pipeline has as many silences under way as it may have.',
  hot_store_unavailable: 'The hot store (Redis) cannot be reached or is not ready.',
  hot_store_refused: 'The hot store (Redis) refuses: wrong password, database or TLS, or keys of another pipeline.',
  olap_unavailable: 'The OLAP store is not installed, not reachable or not ready.',
  olap_refused: 'The OLAP store (ClickHouse) refuses: wrong password, missing permission, a server that is too old.',
  control_unreachable: 'The running Tocsin does not answer on its local socket.',
  node_too_old: 'The Node.js that runs this is too old.',
  usage: 'The command was called with wrong arguments.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * An error made for the person at the terminal: its message stands alone, without a stack trace.
 * `retryable`: the same call may succeed later without anyone mending anything.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
