/** The engine as benches run it: a whole log, in event time. */
import type { PipelineConfig } from '../src/config/pipeline-config.ts';
import type { EngineConfig } from '../src/pipeline/engine.ts';
import { compilePlan } from '../src/windows/plan.ts';

export function engineConfigOf({ engine, topics }: Pick<PipelineConfig, 'engine' | 'topics'>): EngineConfig {
  return {
    plan: compilePlan(engine),
    topics,
    revision: 1,
    completeFrom: -Infinity,
    start: () => 0,
    provisional: true,
    clock: 'event',
    maxBatchBytes: 256 << 10,
  };
}
