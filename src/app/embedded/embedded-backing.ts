/** A run on the log of the data directory: its pipelines side by side, and the threads that count for them. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { Backing, BackingDeps } from '../run/backing.ts';
import { outcomesFileOf, outcomesStatePrefix } from '../run/outcomes-file.ts';
import { createPriorities } from './priorities.ts';
import { openEmbeddedRun } from './embedded-run.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import type { RunOptions } from '../run/run-options.ts';
import { threadsOf } from '../threads/threads-of-run.ts';

export async function openEmbeddedBacking(configs: readonly LoadedPipeline[], options: RunOptions, deps: BackingDeps): Promise<Backing> {
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
      runs.push(await openEmbeddedRun(config, options, { ...rest, ...of, log, onCommitted: committed }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const feed: Backing['feed'] = (work, signal) => work(log, signal);
  return { runs, shown: log, fed: log, feed, stored: log, where: deps.dir, close };
}
