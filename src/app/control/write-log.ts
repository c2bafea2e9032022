/** Writes to the log of a data directory from any process: through its holder, or, where there is none, by taking the lock. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { lockDataDir, openDataDir } from '../../log/embedded/data-dir.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { Log, TopicSettings } from '../../log/log.ts';
import type { WriteUnit } from './frame.ts';
import { connectHolder } from './holder.ts';

export interface LogWriter {
  /**
   * Durable when it resolves; to the first offset of each append. One call at a time.
   * @throws AppError as the log's commit, `data_dir_locked`, `control_unreachable`
   */
  commit(unit: WriteUnit): Promise<number[]>;
  ensureTopic(name: string, settings: TopicSettings): Promise<void>;
  close(): Promise<void>;
}

export interface LogWriterConfig {
  readonly dir: string;
  /** Make the directory where it is missing. */
  readonly create: boolean;
  /** The lock is let go when nothing was written for so long, ms, so that a run can start in between; default 250. */
  readonly idleMs?: number;
  /** How long to wait for a process that holds the lock but does not listen: it starts, stops or writes itself. Default 10 s. */
  readonly waitMs?: number;
}

interface Route extends Pick<LogWriter, 'commit'> {
  ensureTopic(name: string, settings: TopicSettings): Promise<unknown>;
  close(): Promise<void>;
  readonly isHolder: boolean;
}

const RETRY_MS = 100;
/** A writer that is never idle lets go of the lock this often, for so long: a run that wants to start looks for that moment. */
const HOLD_MS_MAX = 1_000;
const REST_MS = 60;

/** @throws AppError `data_dir_unusable` */
export function writeLog({ dir, create, idleMs = 250, waitMs = 10_000 }: LogWriterConfig, { clock }: { clock: Clock }): LogWriter {
  const { path, logPath } = openDataDir(dir, { create });
  let route: Route | undefined;
  let idle: NodeJS.Timeout | undefined;
  let lockedAt = 0;

  async function findRoute(): Promise<Route> {
    for (const deadline = clock.elapsed() + waitMs; ; await sleep(RETRY_MS)) {
      const holder = await connectHolder(path);
      if (holder) return { ...holder, close: async () => {}, isHolder: true };
      try {
        return lockedRoute();
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'data_dir_locked') || clock.elapsed() > deadline) throw error;
      }
    }
  }

  function lockedRoute(): Route {
    const lock = lockDataDir(path);
    lockedAt = clock.elapsed();
    try {
      const log = createEmbeddedLog({ path: logPath, clock });
      const close = async (): Promise<void> => {
        await log.close();
        lock.release();
      };
      return { commit: log.commit, ensureTopic: log.ensureTopic, close, isHolder: false };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async function leave(): Promise<void> {
    clearTimeout(idle);
    const left = route;
    route = undefined;
    await left?.close();
  }

  async function through<T>(work: (route: Route) => Promise<T>): Promise<T> {
    clearTimeout(idle);
    if (route?.isHolder === false && clock.elapsed() - lockedAt > HOLD_MS_MAX) {
      await leave();
      await sleep(REST_MS);
    }
    for (let attempt = 0; ; attempt++) {
      route ??= await findRoute();
      try {
        const result = await work(route);
        if (!route.isHolder) idle = setTimeout(() => void leave(), idleMs).unref();
        return result;
      } catch (error) {
        await leave();
        // The holder has ended since the last call and nothing was handed over: whoever comes next may take it.
        if (attempt < 3 && error instanceof AppError && error.code === 'control_unreachable' && error.retryable) continue;
        throw error;
      }
    }
  }

  return {
    commit: (unit) => through((found) => found.commit(unit)),
    ensureTopic: (name, settings) => through(async (found) => void (await found.ensureTopic(name, settings))),
    close: leave,
  };
}

/** To Kafka, where whoever may write writes; state is nobody's there. It is closed by who opened it. */
export function writeKafka(log: Log): LogWriter {
  return {
    commit: ({ appends = [] }) => log.commit({ appends }),
    ensureTopic: async (name, settings) => void (await log.ensureTopic(name, settings)),
    close: async () => {},
  };
}
