/** Brings alert events from the log to the notifier, at its own pace: a slow receiver holds nobody up. */
import { recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

/** Since the pipeline began, over all its runs. */
export interface AlertCounts {
  /** Episodes begun. */
  readonly fired: number;
  /** Notifications delivered, to any receiver. */
  readonly sent: number;
}

export interface NotifyStage {
  /** Handles every alert event there is. One call at a time. */
  drain(): Promise<void>;
  /** Tells of stale alerts that still fire, once event time (epoch ms) has caught up. Not during `drain`. */
  settle(watermark: number): Promise<void>;
  counts(): AlertCounts;
}

export function notifyGroup(pipeline: string): string {
  return `${pipeline}/notify`;
}

export const ALERT_COUNTS_PREFIX = 'alert-counts/';

export async function readAlertCounts(log: Log, pipeline: string): Promise<AlertCounts> {
  const entries = fromStateEntries(ALERT_COUNTS_PREFIX, await log.state(ALERT_COUNTS_PREFIX + pipeline));
  return (entries.find(([key]) => key === pipeline)?.[1] as AlertCounts | undefined) ?? { fired: 0, sent: 0 };
}

/** Opens the stage with the notification log of an earlier life. `topic`: the pipeline's alerts. */
export async function openNotifyStage(
  config: { readonly pipeline: string; readonly topic: string },
  deps: { readonly log: Log; readonly notifier: Notifier },
): Promise<NotifyStage> {
  const { pipeline, topic } = config;
  const { log, notifier } = deps;
  const group = notifyGroup(pipeline);
  notifier.restore(await log.state(`notify/${pipeline}/`));
  const before = await readAlertCounts(log, pipeline);
  let offset = (await log.committed(group, topic, 0)) ?? 0;

  function counts(): AlertCounts {
    const { fired, sent } = notifier.counts();
    return { fired: before.fired + fired, sent: before.sent + sent };
  }

  async function record(): Promise<void> {
    await log.commit({
      offsets: [{ group, topic, partition: 0, offset }],
      state: [...notifier.takeStateChanges(), ...toStateChanges(ALERT_COUNTS_PREFIX, [[pipeline, counts()]])],
    });
  }

  return {
    counts,
    async drain() {
      for (;;) {
        const batch = await log.read(topic, 0, offset, { maxBytes: 256 << 10 });
        if (!batch) return;
        for (let i = 0; i < batch.count; i++) {
          await notifier.handle(batch.firstOffset + i, JSON.parse(Buffer.from(recordAt(batch, i)).toString()) as AlertEvent);
          offset = batch.firstOffset + i + 1;
          // Recorded one by one: a crash repeats at most the notification that was under way.
          await record();
        }
      }
    },
    async settle(watermark) {
      const notified = await notifier.settle(watermark);
      if (notified.length > 0) await record();
    },
  };
}
