/** At the end of a run: what each of its pipelines came to. */
import type { Logger } from '../../core/logger.ts';
import { noOutcomes, OUTCOMES, outcomesOf, reasonsOf, recordsRead, type OutcomeCounts } from '../../core/outcome.ts';
import { atOnce } from '../../core/slices.ts';
import type { PipelineRun } from './pipeline-run.ts';
import type { RunOptions } from './run-options.ts';
import { timeDoubts } from './time-doubts.ts';
import { dataPlace, nothingTaken, summaryText, type RunSummary, type SummaryBeside } from './summary.ts';

/** A pipeline, and what had become of its records before this run. */
export interface Counted {
  readonly run: PipelineRun;
  readonly before: OutcomeCounts;
}

/** What a pipeline came to, for those who tell it in a form of their own. */
export type OnSummary = (pipeline: string, summary: RunSummary, beside: SummaryBeside) => void;

/** `where`: for messages, where the log is. `isBrokenOff`: told to stop before the end. */
export function tellSummaries(
  counted: readonly Counted[],
  options: RunOptions,
  { seconds, where, isBrokenOff }: { readonly seconds: number; readonly where: string; readonly isBrokenOff: boolean },
  {
    stdout,
    logger,
    onSummary,
  }: { readonly stdout: NodeJS.WritableStream; readonly logger: Logger; readonly onSummary?: OnSummary | undefined },
): void {
  const isOneOfSeveral = counted.length > 1;
  const place = placeOf(options, isOneOfSeveral, where);
  for (const { run, before } of counted) {
    const { pipeline } = run.config.engine;
    const summary = summaryOf(run, seconds);
    const beside = besideOf(run, options, place(pipeline));
    if (onSummary) onSummary(pipeline, summary, beside);
    else if (options.json) stdout.write(`${JSON.stringify(isOneOfSeveral ? { pipeline, ...summary } : summary)}\n`);
    else if (!options.quiet) stdout.write(summaryText(pipeline, summary, beside));
    const nothing = nothingTaken(pipeline, grownSince(before, totalsOf(run)), place(pipeline));
    if (nothing !== undefined && options.once && !isBrokenOff) logger.warn(nothing);
  }
}

function summaryOf(run: PipelineRun, seconds: number): RunSummary {
  const totals = totalsOf(run);
  return { events: { read: recordsRead(totals), ...totals }, windows: atOnce(run.engine.counts()), alerts: run.notify.counts(), seconds };
}

function besideOf({ config, engine, notify }: PipelineRun, { isTemporary = false }: RunOptions, place: string): SummaryBeside {
  const partitions = engine.partitions();
  return {
    doubts: timeDoubts(config.engine.sources, partitions),
    reasons: reasonsOf(partitions.map(({ reasons }) => reasons)),
    decided: notify.decided(),
    place,
    isGone: isTemporary,
    replayed: partitions.reduce((sum, { replayed }) => sum + replayed, 0),
  };
}

/** What has become of the records, over all partitions that are known yet. */
export function totalsOf(run: PipelineRun): OutcomeCounts {
  return outcomesOf(run.engine.partitions().map(({ totals }) => totals));
}

/** On Kafka partitions come with their totals after the start: what is older is among them there. */
function grownSince(before: OutcomeCounts, now: OutcomeCounts): OutcomeCounts {
  const counts = noOutcomes();
  for (const outcome of OUTCOMES) counts[outcome] = Math.max(0, now[outcome] - before[outcome]);
  return counts;
}

/** What a reading command has to be told to find what this run left behind. */
function placeOf({ data, log }: RunOptions, isOneOfSeveral: boolean, where: string): (pipeline: string) => string {
  const place = log === undefined ? dataPlace(data) : ` --log ${where}`;
  return (pipeline) => (isOneOfSeveral ? `${place} --pipeline ${pipeline}` : place);
}
