/** From the blocks of the file, each valid alone, to a pipeline whose parts agree. */
import { parseInstant } from '../core/instant.ts';
import { zoneNamed } from '../core/told-time.ts';
import { MAX_IDS, type EngineSpec } from '../windows/spec.ts';
import { alertKindsOf } from './alert-kinds.ts';
import { detectHash, windowsHash, windowsParts } from './hashes.ts';
import type { LoadedPipeline } from './pipeline-config.ts';
import type { PipelineBlock } from './pipeline-schema.ts';
import type { Problems } from './problem.ts';
import { resolveDetect } from './resolve-detect.ts';
import { checkOutcomeMeasures, resolveMeasures } from './resolve-measures.ts';
import { checkNames } from './resolve-names.ts';
import { resolveReceivers, resolveServe, resolveTopics } from './resolve-outputs.ts';
import { resolveSources } from './resolve-sources.ts';
import { resolveRollups, resolveWindows } from './resolve-windows.ts';

/** The result is of use only where no problem was found. */
export function resolvePipeline(block: PipelineBlock, folder: string, problems: Problems): Omit<LoadedPipeline, 'file'> {
  const aheadMs = block.utc_offset === undefined ? undefined : zoneNamed(block.utc_offset)(0);
  const windows = resolveWindows(block.windows, aheadMs ?? 0, problems);
  const shortestSlideMs = Math.min(...windows.map((window) => window.slideMs));
  const sources = resolveSources(block, { folder, shortestSlideMs, zoneMs: aheadMs }, problems);
  const measures = resolveMeasures(block.measures, sources, problems);
  const rollups = resolveRollups(block.rollups, block.dimensions, problems);
  checkOutcomeMeasures(measures, block.dimensions, rollups, problems);
  checkNames(block, sources, problems);
  const topics = resolveTopics(block, problems);
  const { detect, falseAlarmsPerDay } = resolveDetect(
    block.detect,
    { measures, measureNames: Object.keys(block.measures), windows, rollups },
    problems,
  );
  const { pipeline, dimensions, locale, clock } = block;

  const engine: EngineSpec = {
    pipeline,
    sources: sources.map((source) => source.spec),
    dimensions,
    measures,
    windows,
    rollups,
    limits: {
      maxSeries: block.limits.max_series,
      ...(block.limits.max_ids !== MAX_IDS && { maxIds: block.limits.max_ids }),
      maxRecordBytes: block.limits.max_record_bytes,
      retireAfterMs: block.limits.retire_after,
      idleAfterMs: block.limits.idle_after,
    },
  };
  const monitor = { pipeline, dimensions, windows, rollups, measures, detect, falseAlarmsPerDay, repeatAfterMs: block.cooldown, locale };
  const isDetectRight = !problems.list.some(({ path }) => path[0] === 'detect');
  return {
    folder,
    engine,
    clock,
    start: block.start === 'latest' ? block.start : (parseInstant(block.start) ?? 'earliest'),
    topics,
    inputs: sources.flatMap((source) => source.input ?? []),
    monitor,
    receivers: resolveReceivers(block.receivers, { dimensions, kinds: isDetectRight ? alertKindsOf(detect) : undefined }, problems),
    notifyWithinMs: block.notify_within,
    cooldownMs: block.cooldown,
    ...(block.lag === undefined ? {} : { lag: { ...block.lag.above, forMs: block.lag.for } }),
    priority: block.priority,
    serve: resolveServe(block.serve, dimensions, rollups, windows, problems),
    ...(block.store.raw === undefined ? {} : { rawKeepMs: block.store.raw.keep }),
    locale,
    timeZone: block.time_zone ?? block.utc_offset ?? 'UTC',
    hashes: { windows: windowsHash(engine, clock), parts: windowsParts(engine, clock), detect: detectHash(monitor) },
  };
}
