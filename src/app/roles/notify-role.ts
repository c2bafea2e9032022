/** The active notifier: one term of it, from taking over the ledger to giving it back. */
import type { Logger } from '../../core/logger.ts';
import type { Standing } from '../../log/kafka/standing.ts';
import type { Log } from '../../log/log.ts';
import type { Notifier } from '../../notify/notifier.ts';
import { openNotifyStage, type NotifyRun, type NotifyStage } from '../../pipeline/notify-stage.ts';
import type { PipelineTopics } from '../../pipeline/topics.ts';
import type { Receiver } from '../../receivers/receiver.ts';
import { whenAborted } from './election.ts';

export interface NotifyTermConfig {
  readonly pipeline: string;
  readonly topics: Pick<PipelineTopics, 'alerts' | 'silences'>;
  readonly watermark: NotifyRun['watermark'];
  readonly isReadToEnd: NotifyRun['isReadToEnd'];
  readonly graceMs: number | undefined;
}

export interface NotifyTermDeps {
  readonly receivers: readonly Receiver[];
  readonly notifierOf: (receivers: readonly Receiver[]) => Notifier;
  readonly openLog: () => Promise<Log>;
  readonly onOpened: (stage: NotifyStage) => void;
  readonly logger: Logger;
}

/** @throws AppError of the log: `log_fenced` where another one tells by now */
export async function runNotifyTerm(
  config: NotifyTermConfig,
  deps: NotifyTermDeps,
  standing: Standing,
  signal: AbortSignal,
): Promise<void> {
  const log = await deps.openLog();
  const notifier = deps.notifierOf(deps.receivers.map((receiver) => onlyWhile(standing, receiver)));
  const stop = (): void => notifier.stop();
  // What is still there is told by the next one: no grace for it.
  standing.lost.addEventListener('abort', stop, { once: true });
  if (standing.lost.aborted) stop();
  try {
    const stage = await openNotifyStage(config, { log, notifier, warn: deps.logger.warn });
    deps.onOpened(stage);
    const onCutShort = (waiting: number): void =>
      deps.logger.warn(
        `notify of ${config.pipeline}: ends before ${waiting} alert events were dealt with; the next notifier goes on, and sends again what was under way`,
      );
    const { watermark, isReadToEnd, graceMs } = config;
    await stage.run({ signal, watermark, isReadToEnd, graceMs, onCutShort });
  } finally {
    standing.lost.removeEventListener('abort', stop);
    await log.close();
  }
}

/** Nothing is sent that another notifier may be sending too. One that was paused finds that out here, before it sends what it had at hand. */
function onlyWhile(standing: Standing, receiver: Receiver): Receiver {
  return {
    ...receiver,
    async send(notification, signal) {
      if (await standing.holds()) return receiver.send(notification, signal);
      // The term ends, and with it this attempt.
      await whenAborted(signal);
      return { ok: false, retryable: true, reason: 'another process may be the notifier by now' };
    },
  };
}
