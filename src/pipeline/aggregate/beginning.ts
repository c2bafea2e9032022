/** What an aggregation takes up from the log: where it was, with what state, and what was sent in again. */
import { keyAt } from '../../log/batch.ts';
import { endedBefore } from '../../log/ended-before.ts';
import type { Log } from '../../log/log.ts';
import { partitionName } from '../../windows/plan.ts';
import { replayGroup, statePrefix, type AggregateConfig, type Beginning } from './aggregate.ts';

/** @throws AppError `log_unreadable` where the partition is another one than was read before */
export async function readBeginning(
  { plan, source: { topic }, partition, replayTopic, start }: AggregateConfig,
  log: Pick<Log, 'state' | 'committed' | 'bounds' | 'read'>,
): Promise<Beginning> {
  const { pipeline } = plan.spec;
  const bounds = await log.bounds(topic, partition);
  const { end } = bounds;
  const offset = (await log.committed(pipeline, topic, partition)) ?? (await start(bounds));
  if (offset > end) throw endedBefore(topic, partition, { offset, end });
  const replayOffset = (await log.committed(replayGroup(pipeline, topic), replayTopic, partition)) ?? 0;
  return {
    state: await log.state(statePrefix(pipeline, partitionName(topic, partition))),
    offset,
    replayOffset,
    end,
    copied: offset < end ? await copiedOrigins(log, { topic, partition, from: offset, replayTopic, replayOffset }) : [],
  };
}

/**
 * Of the partition's offsets from `from` on those that stand on the replay topic: many where everything is read again, none where a run goes
 * on, as only what was judged is sent in again.
 */
async function copiedOrigins(
  log: Pick<Log, 'read' | 'bounds'>,
  of: { topic: string; partition: number; from: number; replayTopic: string; replayOffset: number },
): Promise<number[]> {
  const { topic, partition, from, replayTopic, replayOffset } = of;
  const origins = `${topic}/${partition}/`;
  const copied = new Set<number>();
  const { end } = await log.bounds(replayTopic, partition);
  for (let at = replayOffset; at < end;) {
    const batch = await log.read(replayTopic, partition, at, { maxBytes: COPIES_READ_BYTES, to: end });
    if (!batch) break;
    for (let i = 0; i < batch.count; i++) {
      const origin = Buffer.from(keyAt(batch, i) ?? []).toString();
      if (origin.startsWith(origins) && Number(origin.slice(origins.length)) >= from) copied.add(Number(origin.slice(origins.length)));
    }
    at = batch.firstOffset + batch.count;
  }
  return [...copied];
}

const COPIES_READ_BYTES = 1 << 20;
