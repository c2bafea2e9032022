/** Keeps the embedded OLAP engine running: starts it, looks after its health, starts it again with growing pauses. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as timeout } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { OlapEndpoint } from '../clickhouse/address.ts';
import type { Accounts } from './access.ts';
import type { ChildOrder, ChildReport } from './child-message.ts';
import { startEngineProcess, type EngineProcess } from './child-process.ts';
import { removeEndpoint, writeEndpoint } from './endpoint-file.ts';
import { DATABASE } from './engine-config.ts';

export interface SuperviseConfig {
  /** The data directory; the engine's own folder is `olap` in it. */
  readonly dir: string;
  /** False: a failure of the first start is final, and nothing is started again (for one command). */
  readonly restart?: boolean;
  /** ms; pauses between starts grow from the first to the last. */
  readonly backOffMs?: readonly [first: number, last: number];
  readonly startTimeoutMs?: number;
  readonly probeEveryMs?: number;
  readonly probeTimeoutMs?: number;
  /** Probes failed in a row until the engine counts as hung. */
  readonly probesMissedMax?: number;
}

export interface SuperviseDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly randomText?: () => string;
  readonly start?: (order: ChildOrder) => EngineProcess;
}

export interface ChdbSupervisor {
  /** Undefined while the engine is starting, or gone. */
  endpoint(): OlapEndpoint | undefined;
  /**
   * Settles with the first start. Rejects with AppError `olap_unavailable`, not retryable where chDB is missing on this machine:
   * everything else goes on without it.
   */
  readonly whenReady: Promise<void>;
  /** Of the process that runs now. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

const MISSING_HELP = '`make setup` installs it (Linux with glibc or macOS, x64 or arm64). All else works without it';
/** An engine that ran this long is taken for healthy again: the next pause is the first one. */
const HEALTHY_AFTER_MS = 60_000;

export function superviseChdb(config: SuperviseConfig, deps: SuperviseDeps): ChdbSupervisor {
  const { clock, logger, start = startEngineProcess } = deps;
  const [backOffFirstMs, backOffLastMs] = config.backOffMs ?? [500, 30_000];
  const randomText = deps.randomText ?? (() => randomBytes(24).toString('base64url'));
  const accounts: Accounts = {
    owner: { username: 'tocsin', password: randomText() },
    reader: { username: 'reader', password: randomText() },
  };
  const stopping = new AbortController();
  let running: EngineProcess | undefined;
  let endpoint: OlapEndpoint | undefined;
  let port = 0;
  const { promise: whenReady, resolve: ready, reject: notReady } = Promise.withResolvers<void>();
  whenReady.catch(() => {}); // Whoever does not wait for it is told by the log.

  /** Runs the engine once. Resolves when it is gone. */
  async function runOnce(): Promise<{ report: ChildReport; how: string }> {
    mkdirSync(config.dir, { recursive: true });
    const engine = start({ dir: path.join(config.dir, 'olap'), accounts, port });
    running = engine;
    try {
      const tooLong = setTimeout(() => engine.kill(), config.startTimeoutMs ?? 60_000);
      const report = await engine.report;
      clearTimeout(tooLong);
      if (report.kind === 'ready' && !stopping.signal.aborted) {
        port = report.port;
        const url = `http://127.0.0.1:${port}`;
        writeEndpoint(config.dir, { url, database: DATABASE, accounts, pid: engine.pid });
        endpoint = { url, ...accounts.owner };
        ready();
        await watch(engine, url);
      }
      engine.kill();
      return { report, how: await engine.ended };
    } finally {
      engine.kill();
      endpoint = undefined;
      running = undefined;
    }
  }

  /** Resolves when the engine has ended, is hung or shall stop. */
  async function watch(engine: EngineProcess, url: string): Promise<void> {
    const gone = new AbortController();
    void engine.ended.then(() => gone.abort());
    const over = AbortSignal.any([gone.signal, stopping.signal]);
    let missed = 0;
    while (missed < (config.probesMissedMax ?? 3)) {
      await pause(config.probeEveryMs ?? 5_000, over);
      if (over.aborted) return;
      missed = (await answers(url, config.probeTimeoutMs ?? 10_000)) ? 0 : missed + 1;
    }
    logger.warn('The OLAP engine does not answer; it is started again.');
  }

  async function keepRunning(): Promise<void> {
    let backOffMs = backOffFirstMs;
    while (!stopping.signal.aborted) {
      const startedAt = clock.elapsed();
      const { report, how } = await runOnce().catch(failedToRun);
      if (stopping.signal.aborted) return;
      const error = startError(report);
      notReady(error ?? new AppError('olap_unavailable', `The OLAP engine ended (${how}).`));
      if (error && !error.retryable) logger.warn(error.message);
      if ((error && !error.retryable) || config.restart === false) return;
      if (clock.elapsed() - startedAt > HEALTHY_AFTER_MS) backOffMs = backOffFirstMs;
      logger.warn(`${error?.message ?? `The OLAP engine ended (${how}).`} Next start in ${backOffMs} ms; events keep being counted.`);
      await pause(backOffMs, stopping.signal);
      backOffMs = Math.min(backOffMs * 2, backOffLastMs);
    }
  }

  const done = keepRunning();
  return {
    endpoint: () => endpoint,
    whenReady,
    pid: () => running?.pid,
    stop: async () => {
      const wrote = port !== 0;
      stopping.abort();
      notReady(new AppError('olap_unavailable', 'The OLAP engine was stopped.', { retryable: true }));
      running?.kill();
      await done;
      // Never the file of another process that holds the folder.
      if (wrote) removeEndpoint(config.dir);
    },
  };
}

/** A full disk, a data directory that cannot be written. */
function failedToRun(error: unknown): { report: ChildReport; how: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { report: { kind: 'failed', message }, how: message };
}

function startError(report: ChildReport): AppError | undefined {
  if (report.kind === 'ready') return undefined;
  if (report.kind === 'missing') {
    return new AppError('olap_unavailable', `chDB, the embedded OLAP store, is missing here: ${MISSING_HELP}.`, { cause: report.message });
  }
  return new AppError('olap_unavailable', `The OLAP engine did not start: ${report.message}.`, { retryable: true });
}

async function answers(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(`${url}/ping`, { signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * Resolves after so many ms, or as soon as the signal says so. Leaves nothing behind on the signal, which lives as long as the engine, and does
 * not keep the process alive by itself.
 */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await timeout(ms, undefined, { signal, ref: false }).catch(() => {});
}
