/** Answers that wait for the log, which may be away: given up before the connection is, so that whoever asks gets one. */
import { formatDuration } from '../core/duration.ts';
import { HttpProblem } from './problem.ts';

const RETRY_AFTER_S = '5';

/**
 * What `work` resolves to. Once `ms` have passed `signal` is aborted and nobody waits for it any more; what it began may still be done.
 * @throws HttpProblem 503; what `work` throws
 */
export async function inTime<T>(ms: number, advice: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const given = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const problem = new HttpProblem(503, `the log has not answered within ${formatDuration(ms)}; ${advice}`, {
      'retry-after': RETRY_AFTER_S,
    });
    late.abort(problem);
    given.reject(problem);
  }, ms);
  try {
    return await Promise.race([work(late.signal), given.promise]);
  } finally {
    clearTimeout(timer);
  }
}
