/**
 * Whether what stood on the inputs a moment ago is counted and judged, by how far Kafka knows the groups to be: for a notifier in a process
 * that does neither. An alert that fires then still does, but for what came within that moment.
 */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { GroupLag } from '../../log/kafka/groups.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Log } from '../../log/log.ts';
import { unreadRecords } from '../../log/unread.ts';
import { isReadToEnd, type Input, type Reading } from '../../pipeline/read-to-end.ts';
import { monitorGroup, partialsTopic } from '../../pipeline/stage-topics.ts';
import { partitionName } from '../../windows/plan.ts';

interface Deps {
  readonly connection: Pick<KafkaConnection, 'lag'>;
  readonly reader: Pick<Log, 'read'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/** What is to be passed: first the ends of the inputs, then that of the partials, once all that came of the inputs is there. */
interface Mark {
  readonly at: number;
  readonly ends: ReadonlyMap<string, number>;
  partialsEnd?: number;
}

/** Partials, rows and the offsets of both are told once a second each, and asked for as often. */
export const MOMENT_MS = 15_000;

/** By what this process reads itself, else by what is read elsewhere. `reading`: undefined while this process neither judges nor follows. */
export function createReadToEnd(
  {
    pipeline,
    inputs,
    reading,
  }: { readonly pipeline: string; readonly inputs: readonly Input[]; readonly reading: () => Reading | undefined },
  deps: Deps & { readonly reader: Pick<Log, 'bounds' | 'read'> },
): () => Promise<boolean> {
  const isReadElsewhere = createReadElsewhere({ pipeline, topics: [...new Set(inputs.map(({ topic }) => topic))] }, deps);
  return () => (reading() ? isReadToEnd(inputs, reading, deps.reader) : isReadElsewhere());
}

/** `topics`: the raw ones. To be asked again and again: events that go on coming are not waited for, but an answer takes some of these. */
export function createReadElsewhere(
  { pipeline, topics }: { readonly pipeline: string; readonly topics: readonly string[] },
  { connection, reader, clock }: Deps,
): () => Promise<boolean> {
  let mark: Mark | undefined;
  let readAt = -Infinity;

  async function look(): Promise<void> {
    if (mark?.partialsEnd === undefined) {
      const at = clock.elapsed();
      const inputs = await connection.lag(pipeline, topics);
      mark ??= { at, ends: new Map(inputs.map(({ topic, partition, end }) => [partitionName(topic, partition), end])) };
      for (const input of inputs) if (!(await hasPassed(input, mark.ends))) return;
    }
    const [partials] = await connection.lag(monitorGroup(pipeline), [partialsTopic(pipeline)]);
    if (!partials) return;
    mark.partialsEnd ??= partials.end;
    if (partials.end - partials.lag < mark.partialsEnd) return;
    readAt = mark.at;
    mark = undefined;
  }

  async function hasPassed({ topic, partition, end, lag }: GroupLag, ends: Mark['ends']): Promise<boolean> {
    const wanted = ends.get(partitionName(topic, partition)) ?? 0;
    return (await unreadRecords(reader, { topic, partition, offset: end - lag, end: wanted })) === 0;
  }

  return async () => {
    try {
      await look();
    } catch (error) {
      // A log that is away is asked again; who may not look is told by reminders.
      if (!(error instanceof AppError)) throw error;
    }
    return clock.elapsed() - readAt <= MOMENT_MS;
  };
}
