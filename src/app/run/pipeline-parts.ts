/** What a pipeline's stages are made of, whether they share one process and one log or not. */
import { resolve } from 'node:path';
import { createAlerts } from '../../alerts/alerts.ts';
import { endOfEarlierId, limitAlert } from '../../alerts/limit-alert.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { zoneNamed } from '../../core/told-time.ts';
import type { Logger } from '../../core/logger.ts';
import type { HotStore } from '../../hot-store/hot-store.ts';
import type { StateChange } from '../../log/log.ts';
import { retryOfOneRun } from '../../notify/deliver.ts';
import { systemWait } from '../../notify/wait.ts';
import { createNotifier, type Notifier } from '../../notify/notifier.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { TellLimit } from '../../pipeline/limit-book.ts';
import { createMonitor, type Monitor } from '../../pipeline/monitor/monitor.ts';
import { pipelineRecord, pipelineRecordChange } from '../../pipeline/pipeline-record.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { Receiver } from '../../receivers/receiver.ts';
import type { ClockMode } from '../../windows/partition.ts';
import { smallestWindow } from '../../windows/plan.ts';
import { MAX_IDS } from '../../windows/spec.ts';
import { openReceivers, usableReceivers } from '../receivers/open-receivers.ts';
import type { RunOptions } from './run-options.ts';

export interface PartsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Text of the console receiver. */
  readonly write: (text: string) => void;
  readonly colour: boolean;
  /** Where the page is for somebody at this machine, once it is there. */
  readonly localPageUrl?: () => string | undefined;
}

export interface PublishDeps {
  readonly hotStore: HotStore;
  /** Told of everything that was committed. */
  readonly onCommitted: (committed: Committed) => Promise<void>;
}

/** Which time tells a record's delay. @throws AppError `usage` for a start by time of arrival where there is none */
export function clockModeOf(config: LoadedPipeline, options: RunOptions): ClockMode {
  const mode = options.clock ?? (options.once ? 'event' : config.clock);
  if (mode === 'event' && options.revision.kind === 'from' && typeof options.revision.from !== 'string') {
    throw new AppError(
      'usage',
      '--from TIME (or OFFSET) is a time of arrival, and by event time (--once, clock: event) there is none. Use --from earliest.',
    );
  }
  return mode;
}

/** What a run notes of its pipeline at the start, for commands that read without the pipeline file. */
export function recordOf(config: LoadedPipeline, { olapStore }: RunOptions, clock: ClockMode): StateChange {
  const { engine, topics, file, timeZone } = config;
  return pipelineRecordChange(pipelineRecord(engine, resolve(file ?? engine.pipeline), topics, { olapStore, clock, timeZone }));
}

/** Gives out what was committed: who is told of it finds it in the hot store. */
export function publishing({ hotStore, onCommitted }: PublishDeps): (committed: Committed) => Promise<void> {
  return async (committed) => {
    await hotStore.put([...committed.records.filter((record) => record.kind === 'row'), ...committed.provisional]);
    await onCommitted(committed);
  };
}

/** An alert that comes from no window. */
export function alertAlone(event: AlertEvent): Committed {
  return { records: [], provisional: [], alerts: [event], deadLetters: 0 };
}

export function monitorOf(config: LoadedPipeline): Monitor {
  return createMonitor(config.monitor, {
    alerts: createAlerts({ repeatAfterMs: config.monitor.repeatAfterMs, locale: config.monitor.locale }),
  });
}

/** The alert of a partition with more segments than `max_series`, or ids than `max_ids`, or that has had more. */
export function limitAlertsOf(config: LoadedPipeline): TellLimit {
  const { pipeline, windows, limits } = config.engine;
  const limitOf = { series: limits.maxSeries, ids: limits.maxIds ?? MAX_IDS };
  const window = smallestWindow(windows);
  return (kind, partition, { told, isUnwatched, ...span }) => {
    const at = { kind, pipeline, partition, limit: limitOf[kind], window, span };
    const alert = limitAlert({ ...at, told, isUnwatched, locale: config.locale });
    return told ? [alert] : [alert, ...endOfEarlierId(alert, windows[0]!, span)];
  };
}

/** @param dueBefore alert events before this offset arose before this run */
export function notifierOf(
  config: LoadedPipeline,
  options: RunOptions,
  { receivers, dueBefore }: { readonly receivers: readonly Receiver[]; readonly dueBefore: number },
  deps: PartsDeps,
): Notifier {
  const settings = notifierSettings(config, options);
  const absent = settings.audience === 'all' ? [] : config.receivers.filter(({ name }) => !receivers.some((each) => each.name === name));
  return createNotifier({ ...settings, dueBefore }, { clock: deps.clock, receivers, absent, wait: systemWait, logger: deps.logger });
}

function notifierSettings(config: LoadedPipeline, options: RunOptions) {
  return {
    pipeline: config.engine.pipeline,
    zone: zoneNamed(config.timeZone),
    cooldownMs: config.cooldownMs,
    // What the past of a file is about is told whatever its age, to those who were asked for.
    notifyWithinMs: options.once ? undefined : config.notifyWithinMs,
    outOfOrdernessMs: Math.max(...config.engine.sources.map(({ event }) => event.outOfOrdernessMs)),
    audience: options.once && !options.notify ? ('local' as const) : ('all' as const),
    ...(options.once && { retry: retryOfOneRun }),
  };
}

/** @throws AppError `config_invalid` where a receiver lacks its address */
export function receiversOf(
  config: LoadedPipeline,
  options: RunOptions,
  { write, colour, clock, logger, localPageUrl }: PartsDeps,
): Receiver[] {
  const told = { locale: config.locale, zone: zoneNamed(config.timeZone), pageUrl: options.pageUrl, localPageUrl };
  const opened = openReceivers(config, process.env, { write, colour, clock, ...told });
  return usableReceivers(config, opened, {
    needed: notifierSettings(config, options).audience === 'all',
    onLeftOut: (message) => logger.info(message),
  });
}
