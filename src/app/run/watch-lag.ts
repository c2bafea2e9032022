/** The lag of a running pipeline: looked at about once a second, and watched where the file has a limit. */
import { lagAlert } from '../../alerts/lag-alert.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { sleep, type Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { Log } from '../../log/log.ts';
import { createLagMeter, totalLag, type Judged, type TotalLag } from '../../pipeline/lag.ts';
import { openLagWatch, type LagAlertAt } from '../../pipeline/lag-watch.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { smallestWindow } from '../../windows/plan.ts';

export interface WatchLagDeps {
  /** Of the stage that watches: the alert's state stands there. */
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly partitions: () => readonly Judged[];
  readonly onLag?: (lag: TotalLag) => void;
  /** Told of what rang, when it is recorded. */
  readonly onAlert: (event: AlertEvent) => Promise<void>;
}

const EVERY_MS = 1_000;

/** Until the signal; never rejects: what cannot be looked up now is looked up a second later. */
export async function watchLag(config: LoadedPipeline, deps: WatchLagDeps, signal: AbortSignal): Promise<void> {
  const { log, clock, logger } = deps;
  const { pipeline, windows } = config.engine;
  const { lag: limit, locale } = config;
  const smallest = smallestWindow(windows);
  const meter = createLagMeter(config.engine, { log, clock });
  const look = async (): Promise<TotalLag> => totalLag(await meter.measure(deps.partitions()));
  /** As just looked at for somebody else. */
  let last: TotalLag | undefined;

  function alert(lag: TotalLag, { since, now, status, repeat, told }: LagAlertAt): AlertEvent {
    const unit = limit === undefined ? (told?.unit === 's' ? 's' : 'records') : limit.unit === 'ms' ? 's' : 'records';
    return lagAlert({
      pipeline,
      // Under the id under which it began, whatever windows the file has since.
      window: told?.window ?? smallest.name,
      unit,
      observed: unit === 's' ? Math.round(lag.behindMs) / 1_000 : lag.records,
      limit: limit === undefined ? (told?.expected_value ?? 0) : limit.unit === 'ms' ? limit.above / 1_000 : limit.above,
      worst: lag.worst,
      since,
      now,
      status,
      repeat,
      locale,
    });
  }

  let said: string | undefined;
  let watch: Awaited<ReturnType<typeof openLagWatch>> | undefined;
  for (; !signal.aborted; await sleep(EVERY_MS, signal)) {
    try {
      const seen = deps.onLag && (await look());
      if (seen) deps.onLag?.(seen);
      last = seen;
      watch ??= await openLagWatch(
        { pipeline, topic: config.topics.alerts, limit, repeatAfterMs: Math.max(config.cooldownMs, smallest.sizeMs) },
        { log, clock, measure: async () => last ?? look(), alert },
      );
      const event = await watch.tick();
      if (event) await deps.onAlert(event);
      said = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (!signal.aborted && message !== said) logger.warn(`pipeline ${pipeline}: how far it is behind cannot be looked up: ${message}`);
      said = message;
    }
  }
}
