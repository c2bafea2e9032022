/** What does not go together on Kafka. */
import { AppError } from '../../core/errors.ts';
import type { RunOptions } from '../run/run-options.ts';

/** @throws AppError `usage` */
export function checkKafkaOptions({ files, once, roles }: RunOptions): void {
  if (files.length > 1)
    throw new AppError('usage', `--log kafka://… takes one pipeline a process, found ${files.length} files. Start one process for each.`);
  const missing = once && roles ? (['aggregate', 'monitor', 'notify'] as const).filter((role) => !roles.has(role)) : [];
  if (missing.length > 0)
    throw new AppError('usage', `--once reads everything to its end in one process: --roles lacks ${missing.join(', ')}`);
}
