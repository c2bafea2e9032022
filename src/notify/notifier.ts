/**
 * Tells every receiver of alert events, each through a queue of its own: a slow or dead one delays no other.
 * A delivery happens at least once: what was sent but not yet recorded when the process died is sent again.
 */
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { Zone } from '../core/told-time.ts';
import type { StateChange } from '../log/log.ts';
import type { Receiver } from '../receivers/receiver.ts';
import { isWithin, type Decision, type DecideSettings } from './decide.ts';
import { defaultRetry, type RetrySettings } from './deliver.ts';
import { createNotificationLog, notifyStatePrefix } from './notification-log.ts';
import { createReceiverQueue, type Notified, type ReceiverQueue } from './receiver-queue.ts';
import { createSilenceBook } from './silence-book.ts';
import type { Wait } from './wait.ts';

export interface NotifierSettings extends DecideSettings {
  readonly pipeline: string;
  /** By whose clock log lines tell times; default UTC. */
  readonly zone?: Zone;
  readonly retry?: RetrySettings;
  /** Attempts at one receiver under way at once; default 16. */
  readonly concurrency?: number;
  /** Alert events that may wait for one receiver; the rest waits in the log. Default 256. */
  readonly waitingMax?: number;
  /** Entries of the notification log per receiver; default 10,000. */
  readonly maxEntries?: number;
  /** Alert events before this offset arose before this run; default 0. */
  readonly dueBefore?: number;
}

export interface NotifierDeps {
  readonly clock: Clock;
  /** Names are unique. */
  readonly receivers: readonly Receiver[];
  /** Others that this run tells nothing and cannot tell: what they are owed waits, and nothing of it is counted. */
  readonly absent?: readonly Pick<Receiver, 'name' | 'match'>[];
  readonly wait: Wait;
  readonly logger: Logger;
}

/** Since this notifier was made. */
export interface NotifierCounts {
  /** Deliveries to any receiver: beginnings, reminders and ends. */
  readonly sent: number;
  readonly decisions: Readonly<Record<Decision, number>>;
  /** The same by receiver; what was never decided is left out. */
  readonly byReceiver: readonly { readonly receiver: string; readonly decision: Decision; readonly count: number }[];
}

export interface Notifier {
  /** One for each receiver, in their order; those of the absent ones come last. */
  readonly queues: readonly ReceiverQueue[];
  /**
   * Tells of alerts that are held and still fire (`ReceiverQueue.settle`), once event time (epoch ms) is so near to now that alerts of it are news. A promise for each attempt: to
   * undefined where there was nothing to tell after all. `upToDate`: those that have heard of all that became of them until then; default: all.
   */
  settle(watermarkMs: number, upToDate?: readonly ReceiverQueue[]): Promise<Notified | undefined>[];
  /** Tells of ends that wait: at the beginning of a run, and again and again where that failed. */
  tellEnds(): Promise<Notified | undefined>[];
  /** Whether event time (epoch ms) is as near as `settle` asks for. */
  isCaughtUp(watermarkMs: number): boolean;
  /** Takes in a record of the pipeline's silences, in the order of their topic. */
  takeSilence(record: string): void;
  /** Alert events that receivers are not done with. */
  waiting(): number;
  /** Ends what is under way; it begins anew after the next start. */
  stop(): void;
  /** Of what is offered since, nothing is told, nor dealt with. */
  readonly isStopped: boolean;
  /** The notification log's changes since the last call. */
  takeStateChanges(): StateChange[];
  /** Of the keys of its state. */
  readonly statePrefix: string;
  /** Goes on from committed state. */
  restore(entries: Iterable<readonly [key: string, value: Uint8Array]>): void;
  counts(): NotifierCounts;
}

export function createNotifier(settings: NotifierSettings, deps: NotifierDeps): Notifier {
  const { pipeline, cooldownMs, maxEntries = 10_000, retry = defaultRetry, concurrency = 16, waitingMax = 256, dueBefore = 0 } = settings;
  const log = createNotificationLog({ pipeline, cooldownMs, maxEntries });
  const silences = createSilenceBook();
  const none: Record<Decision, number> = {
    sent: 0,
    failed: 0,
    cooldown: 0,
    stale: 0,
    recorded: 0,
    not_local: 0,
    folded: 0,
    silenced: 0,
    unwanted: 0,
  };
  const decided = new Map(deps.receivers.map(({ name }) => [name, { ...none }]));
  const stopping = new AbortController();
  const queueOf = (receiver: Receiver, onDecided: (decision: Decision) => void): ReceiverQueue =>
    createReceiverQueue(
      { ...settings, retry, concurrency, waitingMax, dueBefore },
      { ...deps, receiver, log, silences, stop: stopping.signal, onDecided },
    );
  const queues = [
    ...deps.receivers.map((receiver) => queueOf(receiver, (decision) => (decided.get(receiver.name)![decision] += 1))),
    ...(deps.absent ?? []).map((each) => queueOf(absentReceiver(each), () => {})),
  ];
  const isCaughtUp = (watermarkMs: number): boolean => isWithin(watermarkMs, deps.clock.now(), settings);

  return {
    queues,
    takeSilence(record) {
      if (silences.take(record, deps.clock.now())) return;
      deps.logger.warn(`a record on the silences of ${pipeline} is none, and is left out: ${record.slice(0, 100)}`);
    },
    settle: (watermarkMs, upToDate = queues) => (isCaughtUp(watermarkMs) ? upToDate.flatMap((queue) => queue.settle()) : []),
    tellEnds: () => queues.flatMap((queue) => queue.tellEnds()),
    isCaughtUp,
    waiting: () => queues.reduce((sum, queue) => sum + queue.waiting(), 0),
    stop: () => stopping.abort(),
    get isStopped() {
      return stopping.signal.aborted;
    },
    statePrefix: notifyStatePrefix(pipeline),
    takeStateChanges: () => log.take(),
    restore: (entries) => log.restore(entries),
    counts() {
      const byReceiver = [...decided].flatMap(([receiver, counts]) =>
        (Object.keys(none) as Decision[]).map((decision) => ({ receiver, decision, count: counts[decision] })),
      );
      const decisions = { ...none };
      for (const { decision, count } of byReceiver) decisions[decision] += count;
      return { sent: decisions.sent, decisions, byReceiver: byReceiver.filter(({ count }) => count > 0) };
    },
  };
}

function absentReceiver({ name, match }: Pick<Receiver, 'name' | 'match'>): Receiver {
  return {
    name,
    match,
    local: false,
    target: name,
    send: async () => ({ ok: false, retryable: false, reason: 'it cannot be told in this run' }),
  };
}
