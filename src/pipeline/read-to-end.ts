/** Whether nothing waits to be counted: then an alert that fires still does, however long ago the last event was. */
import { AppError } from '../core/errors.ts';
import type { Log } from '../log/log.ts';
import type { AggregateStatus } from './aggregate/aggregate.ts';

/** An engine, or what is told of one. */
export interface Reading {
  partitions(): readonly Pick<AggregateStatus, 'name' | 'offset' | 'caughtUp'>[];
  /** Something was read, and what follows from it is not told yet. */
  hasNews(): boolean;
}

export interface Input {
  readonly topic: string;
  readonly partition: number;
  /** As `partitions` names it. */
  readonly name: string;
}

const ONE_RECORD = { maxBytes: 1, maxRecords: 1 };

/**
 * Looks where the inputs end: who counts them may be away, or give way to others, and not know. `now`: who reads at the time; undefined:
 * that is not known here.
 */
export async function isReadToEnd(
  inputs: readonly Input[],
  now: () => Reading | undefined,
  log: Pick<Log, 'bounds' | 'read'>,
): Promise<boolean> {
  const reading = now();
  if (!reading || reading.hasNews()) return false;
  const partitions = new Map(reading.partitions().map((partition) => [partition.name, partition]));

  async function isAtEnd({ topic, partition, name }: Input): Promise<boolean> {
    const known = partitions.get(name);
    if (!known) return false;
    try {
      if ((await log.bounds(topic, partition)).end <= known.offset) return true;
      // At the end may stand marks of transactions alone.
      return (await log.read(topic, partition, known.offset, ONE_RECORD)) === undefined;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // Who may not look goes by what is told; a log that is away is asked again.
      return error.code === 'log_refused' && known.caughtUp;
    }
  }

  const atEnd = await Promise.all(inputs.map(isAtEnd));
  return atEnd.every(Boolean) && now() === reading && !reading.hasNews();
}
