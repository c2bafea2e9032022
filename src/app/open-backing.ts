/** Chooses what a run stands on. */
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import type { Committed } from '../pipeline/engine.ts';
import type { Backing, BackingDeps } from './backing.ts';
import { outcomesFileOf, outcomesStatePrefix } from './outcomes-file.ts';
import { createPriorities } from './priorities.ts';
import { openPipelineRun, type PipelineRun } from './pipeline-run.ts';
import type { RunOptions } from './run-options.ts';
import { threadsOf } from './threads/threads-of-run.ts';

export async function openBacking(configs: readonly LoadedPipeline[], options: RunOptions, deps: BackingDeps): Promise<Backing> {
  if (options.log === undefined) return embedded(configs, options, deps);
  // Loaded where it is asked for: its client is large, and most runs begin without.
  const { openKafkaBacking } = await import('./kafka-backing.ts');
  return openKafkaBacking(configs[0]!, options, options.log, deps);
}

async function embedded(configs: readonly LoadedPipeline[], options: RunOptions, deps: BackingDeps): Promise<Backing> {
  const { local: log, onCommitted, ...rest } = deps;
  // What is read again is judged again: the file begins anew too.
  const noted = options.revision.kind === 'from' ? [] : await log.state(outcomesStatePrefix);
  const outcomes = outcomesFileOf(options)?.(noted);
  const priorities = createPriorities(deps);
  const threads = threadsOf(options, { kind: 'embedded', path: deps.logPath }, deps);
  const runs: PipelineRun[] = [];
  const close = async (): Promise<void> => {
    await threads?.close();
    outcomes?.close();
  };
  try {
    for (const config of configs) {
      const committed = (what: Committed): Promise<void> => onCommitted(config, what);
      const of = { lane: priorities.lane(config.priority), ...(outcomes && { outcomes }), ...(threads && { threads }) };
      runs.push(await openPipelineRun(config, options, { ...rest, ...of, log, onCommitted: committed }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const feed: Backing['feed'] = (work, signal) => work(log, signal);
  return { runs, shown: log, fed: log, feed, history: log, where: deps.dir, close };
}
