/**
 * Brings alert events from the log to the receivers. Each receiver reads at its own pace, so a slow one holds nobody up; the group's
 * offset is that of the slowest, and what the others are done with beyond it stands in the notification log.
 */
import { sleep } from '../core/clock.ts';
import { recordAt } from '../log/batch.ts';
import type { Log, RecordBatch } from '../log/log.ts';
import type { Notifier, NotifierCounts } from '../notify/notifier.ts';
import type { ReceiverQueue } from '../notify/receiver-queue.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { parseAlert } from '../receivers/parse-alert.ts';
import { tellWaiting, type CaughtUp, type WaitingDeps } from './notify-waiting.ts';
import { readSilences } from './silence-tail.ts';
import type { PipelineTopics } from './topics.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

/** Since the pipeline began, over all its runs. */
export interface AlertCounts {
  /** Episodes begun. */
  readonly fired: number;
  /** Notifications delivered, to any receiver. */
  readonly sent: number;
}

export interface NotifyRun extends CaughtUp {
  /** No more alerts come after it aborts: those that are there are still dealt with. */
  readonly signal: AbortSignal;
  /** After the signal so long, ms, for what is under way; the rest is done after the next start. Undefined: until all is done. */
  readonly graceMs: number | undefined;
  /** The grace is over and alert events are not dealt with; what is being sent may be told again after the next start. */
  readonly onCutShort?: ((waiting: number) => void) | undefined;
}

export interface NotifyStage {
  /**
   * Tells of alert events as they come. One call.
   * @throws AppError of the log: what was not recorded is told again after the next start
   */
  run(options: NotifyRun): Promise<void>;
  counts(): AlertCounts;
  /** What was decided since this process began, by receiver. */
  decided(): NotifierCounts['byReceiver'];
  /** Alert events that receivers are not done with. */
  waiting(): number;
}

/** How often is looked for new alert events: to tell them, and to count them. */
const POLL_MS = 25;
const COUNT_MS = 250;
const READ_LIMITS = { maxBytes: 256 << 10 };

/** The consumer group that reads the alerts; on Kafka it elects the notifier too, and its lag is shown by Kafka's own tools. */
export function notifyGroup(pipeline: string): string {
  return `${pipeline}.notify`;
}

const ALERT_COUNTS_PREFIX = 'alert-counts/';

interface Recorded extends AlertCounts {
  /** `fired` counts the events before this offset. */
  readonly next?: number;
}

async function readRecorded(log: Log, pipeline: string): Promise<Recorded | undefined> {
  const entries = fromStateEntries(ALERT_COUNTS_PREFIX, await log.state(ALERT_COUNTS_PREFIX + pipeline));
  return entries.find(([key]) => key === pipeline)?.[1] as Recorded | undefined;
}

/** Opens the stage with the notification log of an earlier life, and all silences. */
export async function openNotifyStage(
  config: { readonly pipeline: string; readonly topics: Pick<PipelineTopics, 'alerts' | 'silences'> },
  deps: { readonly log: Log; readonly notifier: Notifier; readonly warn: (message: string) => void },
): Promise<NotifyStage> {
  const { pipeline, topics } = config;
  const topic = topics.alerts;
  const { log, notifier } = deps;
  const group = notifyGroup(pipeline);
  notifier.restore(await log.state(notifier.statePrefix));
  const silences = readSilences(log, topics.silences, (text) => notifier.takeSilence(text));
  // Before anybody is told of anything.
  await silences.catchUp();
  const before = await readRecorded(log, pipeline);
  const start = (await log.committed(group, topic, 0)) ?? 0;
  // What became of its alerts stands in what it has missed.
  for (const queue of notifier.queues) if ((queue.next() ?? start) < start) queue.forgetWaiting();
  let fired = before?.fired ?? 0;
  let counted = before?.next ?? start;
  const sentBefore = before?.sent ?? 0;

  const counts = (): AlertCounts => ({ fired, sent: sentBefore + notifier.counts().sent });
  // One that was not there for a while has missed what came meanwhile, but for the ends of what it was told.
  const nextOf = (queue: ReceiverQueue): number => Math.max(start, queue.next() ?? start);

  /** Alert events before this offset were offered. */
  const offered = new Map(notifier.queues.map((queue) => [queue, queue.next() ?? start]));
  let hasWarned = false;

  let writing: Promise<unknown> = Promise.resolve();
  let due: Promise<unknown> | undefined;
  /** What changes while one commit is under way goes into the next one, together. */
  function record(): Promise<unknown> {
    due ??= writing.then(() => {
      due = undefined;
      writing = log.commit({
        offsets: [{ group, topic, partition: 0, offset: Math.min(counted, ...notifier.queues.map(nextOf)) }],
        state: [
          ...notifier.takeStateChanges(),
          ...toStateChanges(ALERT_COUNTS_PREFIX, [[pipeline, { ...counts(), next: counted } satisfies Recorded]]),
        ],
      });
      return writing;
    });
    return due;
  }

  /** Reads on from an offset, until the notifier is stopped: gives undefined whenever it is at the end. */
  async function* follow(from: number): AsyncGenerator<RecordBatch | undefined> {
    for (let offset = from; !notifier.isStopped;) {
      const batch = await log.read(topic, 0, offset, READ_LIMITS);
      if (batch) offset = batch.firstOffset + batch.count;
      yield batch;
    }
  }

  /** Undefined: it is no alert. Somebody else wrote it there, or made a tombstone of one. */
  function eventAt(batch: RecordBatch, i: number): AlertEvent | undefined {
    const text = Buffer.from(recordAt(batch, i)).toString();
    const event = parseAlert(text);
    if (event || hasWarned) return event;
    hasWarned = true;
    deps.warn(
      `record ${batch.firstOffset + i} on the alerts of ${pipeline} (${topic}) is none, and is left out, as are others like it: ${text === '' ? 'it is empty' : text.slice(0, 100)}`,
    );
    return undefined;
  }

  async function count(signal: AbortSignal): Promise<void> {
    for (;;) {
      const isLast = signal.aborted;
      for await (const batch of follow(counted)) {
        if (!batch) break;
        for (let i = 0; i < batch.count; i++) {
          const event = eventAt(batch, i);
          if (event?.status === 'firing' && event.repeat === 0) fired += 1;
        }
        counted = batch.firstOffset + batch.count;
        await record();
      }
      if (isLast) return;
      await sleep(COUNT_MS, signal);
    }
  }

  async function tell(queue: ReceiverQueue, signal: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    const under = createUnderWay(failed);
    const offer = async (offset: number, event: AlertEvent): Promise<void> => {
      if (await queue.offer(offset, event)) await record();
    };
    let isLast = signal.aborted;
    for await (const batch of follow(offered.get(queue)!)) {
      const records = batch?.count ?? 0;
      let passed = 0;
      // A silence that was there before the alert holds for it.
      if (batch) await silences.catchUp();
      for (let i = 0; i < records; i++) {
        await queue.room();
        // What it has not come to is read again after the next start.
        if (notifier.isStopped) break;
        const offset = batch!.firstOffset + i;
        const event = eventAt(batch!, i);
        if (event && (offset >= start || queue.isOwed(event))) under.add(offer(offset, event));
        else {
          queue.pass(offset);
          passed += 1;
        }
      }
      if (passed > 0) under.add(record());
      if (batch) offered.set(queue, batch.firstOffset + batch.count);
      if (batch) continue;
      if (isLast) break;
      isLast = signal.aborted;
      if (!isLast) await sleep(POLL_MS, signal);
    }
    await under.over();
  }

  async function upToDate(): Promise<ReceiverQueue[]> {
    const { end } = await log.bounds(topic, 0);
    return notifier.queues.filter((queue) => offered.get(queue)! >= end);
  }

  async function tellOfWaiting({ signal, watermark, isReadToEnd }: NotifyRun, failed: (error: unknown) => void): Promise<void> {
    const under = createUnderWay(failed);
    const onTelling: WaitingDeps['onTelling'] = (tellings) => {
      for (const told of tellings) under.add(told.then((notified) => notified && record()));
    };
    await tellWaiting({ notifier, silences, watermark, isReadToEnd, upToDate, onTelling }, signal);
    await under.over();
  }

  return {
    counts,
    decided: () => notifier.counts().byReceiver,
    waiting: () => notifier.waiting(),
    async run(options) {
      const { signal, graceMs, onCutShort } = options;
      let fault: { readonly error: unknown } | undefined;
      const failed = (error: unknown): void => {
        fault ??= { error };
        notifier.stop();
        ended.abort();
      };
      const ended = new AbortController();
      const until = AbortSignal.any([signal, ended.signal]);
      const work = Promise.all([
        count(until).catch(failed),
        tellOfWaiting({ ...options, signal: until }, failed).catch(failed),
        ...notifier.queues.map((queue) => tell(queue, until, failed).catch(failed)),
      ]);
      const cutShort = (): void => {
        if (notifier.waiting() > 0) onCutShort?.(notifier.waiting());
        notifier.stop();
      };
      const grace = graceMs === undefined ? undefined : afterAbort(until, graceMs, cutShort);
      await work;
      grace?.cancel();
      if (fault) throw fault.error;
    },
  };
}

/** What is begun and not waited for until the end. */
function createUnderWay(failed: (error: unknown) => void): { add(work: Promise<unknown>): void; over(): Promise<void> } {
  const under = new Set<Promise<unknown>>();
  return {
    add(work) {
      const one: Promise<unknown> = work.catch(failed).finally(() => under.delete(one));
      under.add(one);
    },
    over: async () => void (await Promise.all(under)),
  };
}

function afterAbort(signal: AbortSignal, ms: number, then: () => void): { cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(then, ms);
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return {
    cancel() {
      clearTimeout(timer);
      signal.removeEventListener('abort', begin);
    },
  };
}
