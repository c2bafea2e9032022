/** A backtest as the HTTP API asks for it. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { AppError } from '../../core/errors.ts';
import type { BacktestReport } from '../../server/api.ts';
import type { BacktestQuery } from '../../server/surface.ts';
import { DEFAULT_WARM_UP_MS, durationOf } from '../backtest/backtest.ts';
import { backtestInThread } from '../backtest/backtest-thread.ts';
import type { OlapSide } from './olap-side.ts';

export interface StoredHistory {
  /** The data directory. */
  readonly data: string;
  /** Address of Kafka, where the log is there. */
  readonly log?: string;
  /** As the run was told. */
  readonly olapStore: string;
}

/** A start of the embedded engine takes seconds; the server ends a backtest after 55 s. */
const START_WAIT_MS = 20_000;
/** What a request may set: elsewhere in the file stand names of other files, which are not for those who ask over HTTP. */
const SETTABLE = /^(?:detect\.|cooldown=|locale=)/;

/** @throws AppError `usage` for all that is asked wrongly; `olap_unavailable` while the store that has the history is not there */
export async function answerBacktest(
  { file }: LoadedPipeline,
  { from, to, warm_up, set = [], compare = false, incidents, grace }: BacktestQuery,
  { data, log, olapStore }: StoredHistory,
  olap: Pick<OlapSide, 'state' | 'started'>,
  signal: AbortSignal,
): Promise<BacktestReport> {
  if (file === undefined) throw new AppError('usage', 'this pipeline is not from a file: there is nothing to test settings of');
  const refused = set.find((change) => !SETTABLE.test(change));
  if (refused !== undefined) {
    throw new AppError(
      'usage',
      `set: found ${JSON.stringify(refused)}; expected a path under detect (or cooldown, locale), such as detect.ctr.down=40%`,
    );
  }
  const order = {
    file,
    data,
    ...(log !== undefined && { log }),
    olapStore,
    set,
    compare,
    warmUpMs: warm_up === undefined ? DEFAULT_WARM_UP_MS : durationOf(warm_up, 'warm_up'),
    graceMs: grace === undefined ? 0 : durationOf(grace, 'grace'),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(incidents && { incidents }),
  };
  // What the log still has would be answered for all of it.
  await olap.started(START_WAIT_MS, signal);
  if (olap.state() === 'starting') {
    throw new AppError('olap_unavailable', 'the OLAP store is still starting, and the history is in it; ask again in some seconds', {
      retryable: true,
    });
  }
  try {
    return await backtestInThread(order, signal);
  } catch (error) {
    // Settings and incidents are part of the question.
    if (error instanceof AppError && error.code === 'config_invalid') throw new AppError('usage', error.message, { cause: error });
    throw error;
  }
}
