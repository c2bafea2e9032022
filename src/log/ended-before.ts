import { AppError } from '../core/errors.ts';

/** Records of the partition up to `offset` were read, and it ends before that: it is not the one that was read. */
export function endedBefore(topic: string, partition: number, { offset, end }: { offset: number; end: number }): AppError {
  const found = `${topic}/${partition} ends at offset ${end}, and it was read up to offset ${offset} before`;
  const why = 'The topic was deleted and made again, or its brokers have lost what was written.';
  return new AppError('log_unreadable', `${found}. ${why} Count what is there now anew, under a new revision: --from earliest.`);
}
