/** A consumer group under another name: where the former one stood the new one goes on. */
import type { Log } from '../log/log.ts';

/**
 * Gives `group` the offsets of `former` where it has none of its own, and forgets those of `former`: of a group that nobody reads as any
 * more they would hold retention up for ever. One commit; none where there is nothing to rename.
 */
export async function renameGroup(
  log: Pick<Log, 'committed' | 'commit'>,
  former: string,
  group: string,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Promise<void> {
  const offsets: { group: string; topic: string; partition: number; offset: number | null }[] = [];
  for (const { topic, partition } of partitions) {
    const offset = await log.committed(former, topic, partition);
    if (offset === undefined) continue;
    if ((await log.committed(group, topic, partition)) === undefined) offsets.push({ group, topic, partition, offset });
    offsets.push({ group: former, topic, partition, offset: null });
  }
  if (offsets.length > 0) await log.commit({ offsets });
}
