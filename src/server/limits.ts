/** Every bound of the server, with its default. */

export interface ServerLimits {
  /** Connections at a time; more are closed as they come. */
  readonly connections: number;
  /** The header of a request: its bytes, and how long it may take, ms. */
  readonly headerBytes: number;
  readonly headersMs: number;
  /** A whole request, its body included, ms. */
  readonly requestMs: number;
  /** A connection on which nothing moves, and one that waits for its next request, ms. */
  readonly idleMs: number;
  readonly keepAliveMs: number;
  readonly requestsPerConnection: number;
  /** A body of pushed events as it comes, and decompressed. */
  readonly wireBytes: number;
  readonly bodyBytes: number;
  /** Frames of zstd in one body: each costs a decompressor of its own. */
  readonly framesPerBody: number;
  /** Of a body that is refused the rest is read and dropped: so many bytes, for so long, ms. Then the connection is closed. */
  readonly restBytes: number;
  readonly restMs: number;
  /** Events in one body. */
  readonly recordsPerBody: number;
  /** Bytes of the buffers that hold bodies at a time, over all requests; each has 64 KiB at least. */
  readonly bodyBytesHeld: number;
  /** Nothing is taken for a topic while more of a partition's records, or more bytes of them, are not read yet. */
  readonly backlogRecords: number;
  readonly backlogBytes: number;
  readonly streamClients: number;
  /** A stream's client that takes nothing for so long is cut off, ms. */
  readonly streamStalledMs: number;
  readonly heartbeatMs: number;
  /** An answer that waits for the log is given up, ms; below `idleMs`, so that its client gets one. */
  readonly answerMs: number;
  /** The same while the body of a push is not read yet; below `requestMs` by as long as a body may take. */
  readonly readMs: number;
  /** What watches the process waits so long for the log, ms: below the 10 s after which Prometheus gives up. */
  readonly probeMs: number;
  /** A backtest that takes longer is ended, ms; below `idleMs`, so that its client gets an answer. */
  readonly backtestMs: number;
}

export const defaultLimits: ServerLimits = {
  connections: 2_000,
  headerBytes: 16 << 10,
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 60_000,
  keepAliveMs: 30_000,
  requestsPerConnection: 1_000_000,
  wireBytes: 8 << 20,
  bodyBytes: 32 << 20,
  framesPerBody: 1_000,
  restBytes: 32 << 20,
  restMs: 5_000,
  recordsPerBody: 100_000,
  bodyBytesHeld: 128 << 20,
  backlogRecords: 100_000,
  backlogBytes: 256 << 20,
  streamClients: 100,
  streamStalledMs: 30_000,
  heartbeatMs: 15_000,
  answerMs: 55_000,
  readMs: 15_000,
  probeMs: 8_000,
  backtestMs: 55_000,
};
