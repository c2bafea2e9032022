/** What a backtest in a thread of its own is told, and what it answers. */
import type { ErrorCode } from '../../core/errors.ts';
import type { BacktestIncident, BacktestReport } from '../../server/api.ts';
import type { BacktestOptions } from './backtest.ts';

export type ThreadOrder = Omit<BacktestOptions, 'incidents'> & { readonly incidents?: readonly BacktestIncident[] };
export type ThreadAnswer =
  | { readonly report: BacktestReport }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly retryable: boolean } };
