import type { PipelineStatus, TopicList } from '../../../src/server/api.ts';

export interface TopicSize {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
}

/**
 * What the topics hold. They are asked for less often than the status tells how far they are read: what was read by now was there,
 * so that no topic seems to hold less than was read of it.
 */
export function topicSizes(topics: TopicList['topics'], read: PipelineStatus['partitions']): TopicSize[] {
  const ends = new Map(read.map((partition) => [partition.name, endOf(partition)]));
  return topics.map(({ name, partitions }) => ({
    name,
    records: partitions.reduce((sum, { partition, start, end }) => sum + Math.max(end, ends.get(`${name}/${partition}`) ?? 0) - start, 0),
    bytes: partitions.reduce((sum, { stored_bytes: stored }) => sum + stored, 0),
  }));
}

/** The end of an input partition, as far as is known: with a broker it is asked for before the last records are read. */
export function endOf({ offset, end }: Pick<PipelineStatus['partitions'][number], 'offset' | 'end'>): number {
  return Math.max(offset, end);
}
