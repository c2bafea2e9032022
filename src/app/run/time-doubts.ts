/** Event times of which the pipeline file probably names the wrong unit: valid, so every record is accepted, and in no window where anybody looks. */
import type { Logger } from '../../core/logger.ts';
import type { AggregateStatus } from '../../pipeline/aggregate/aggregate.ts';
import { unitDoubt } from '../../pipeline/aggregate/expected-time.ts';
import type { SourceSpec } from '../../windows/spec.ts';
import type { PipelineRun } from './pipeline-run.ts';

const EVERY_MS = 1_000;

/** A sentence for each source in doubt: of the first of its partitions that gives reason to. */
export function timeDoubts(sources: readonly SourceSpec[], partitions: readonly Pick<AggregateStatus, 'name' | 'firstTime'>[]): string[] {
  return sources.flatMap(({ name, topic, event }) => {
    const own = partitions.filter((each) => each.name.slice(0, each.name.lastIndexOf('/')) === topic);
    const doubt = own.map(({ firstTime = NaN }) => unitDoubt(event, firstTime)).find((each) => each !== undefined);
    return doubt === undefined ? [] : [`source ${name}: ${doubt}`];
  });
}

/** Warns once of each, as soon as its first records are counted. */
export function watchTimes(runs: readonly PipelineRun[], logger: Logger): { stop(): void } {
  const said = new Set<string>();
  function look(): void {
    for (const { config, engine } of runs) {
      const { pipeline, sources } = config.engine;
      for (const doubt of timeDoubts(sources, engine.partitions())) {
        const warning = `pipeline ${pipeline}, ${doubt}`;
        if (!said.has(warning)) logger.warn(warning);
        said.add(warning);
      }
    }
  }
  const timer = setInterval(look, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
    },
  };
}
