/** Brings the records of a source into a topic of the log, each exactly once: its position is committed with the records. */
import type { Log } from '../log/log.ts';
import type { SourceChunk } from '../sources/source.ts';
import { fromStateEntries, toStateChanges } from '../pipeline/state-codec.ts';

export interface FeedTarget {
  readonly topic: string;
  readonly partition: number;
  /** State key of the position; undefined where it is not kept. */
  readonly key: string | undefined;
}

export interface FeedDeps {
  readonly log: Log;
  /** Waits while those who read the topic are too far behind. */
  readonly ready: () => Promise<void>;
}

const PREFIX = 'source/';

/** The `resume` of the last chunk that was committed. */
export async function lastPosition(log: Log, key: string): Promise<unknown> {
  return fromStateEntries(PREFIX, await log.state(PREFIX + key)).find(([found]) => found === key)?.[1];
}

export async function feed(chunks: AsyncIterable<SourceChunk>, target: FeedTarget, deps: FeedDeps): Promise<void> {
  const { topic, partition, key } = target;
  for await (const chunk of chunks) {
    await deps.ready();
    const { bytes, ends, firstLine } = chunk;
    await deps.log.commit({
      appends: ends.length === 0 ? [] : [{ topic, partition, bytes, ends, ...(firstLine !== undefined && { firstLine }) }],
      state: key === undefined ? [] : toStateChanges(PREFIX, [[key, chunk.resume]]),
    });
  }
}
