/** An aggregation in another thread, with the face of one that is here. */
import type { Aggregate, OpenedAggregate } from '../../pipeline/aggregate/aggregate.ts';
import { partitionName } from '../../windows/plan.ts';
import type { OpenOrder } from './thread-messages.ts';
import type { Thread } from './thread.ts';

export interface RemoteAggregateDeps {
  readonly thread: Pick<Thread, 'ask'>;
  /** By `topic/partition` the first offset that is not read any more. It may still be filled. */
  readonly ends: ReadonlyMap<string, number>;
  /** Told of records as they are judged. */
  readonly onJudged: (records: number) => void;
  /** It is no longer the thread's. */
  readonly onClosed: () => void;
}

/** `key`: its own, among all that the thread ever hosts. @throws AppError `thread_ended`, and what the log throws, as all of its methods */
export async function openRemoteAggregate(key: number, order: OpenOrder, deps: RemoteAggregateDeps): Promise<OpenedAggregate> {
  const { thread } = deps;
  const source = order.spec.sources.find(({ name }) => name === order.source)!;
  const { partition, replayTopic } = order.config;
  const name = partitionName(source.topic, partition);
  const read = [name, partitionName(replayTopic, partition)];
  const opened = await thread.ask({ kind: 'open', key, order });
  let { mirror } = opened;

  const aggregate: Aggregate = {
    name,
    source,
    isElsewhere: true,
    async step() {
      const ends = [...deps.ends].filter(([topic]) => read.includes(topic));
      const stepped = await thread.ask({ kind: 'step', key, ends });
      mirror = stepped.mirror;
      deps.onJudged(stepped.judged);
      return stepped.read;
    },
    isIdle: (readToEnd) => mirror.isIdle || (readToEnd && mirror.status.caughtUp),
    takePartials: (readToEnd) => thread.ask({ kind: 'partials', key, readToEnd }),
    async takeCommit(released) {
      const taken = await thread.ask({ kind: 'commit', key, released });
      mirror = taken.mirror;
      return taken.commit;
    },
    status: () => mirror.status,
    async close() {
      deps.onClosed();
      // With the thread everything is gone already.
      await thread.ask({ kind: 'close', key }).catch(() => {});
    },
  };
  return { aggregate, panes: opened.panes };
}
