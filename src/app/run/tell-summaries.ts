/** At the end of a run: what each of its pipelines came to. */
import type { Logger } from '../../core/logger.ts';
import { noOutcomes, OUTCOMES, outcomesOf, reasonsOf, recordsRead, type OutcomeCounts } from '../../core/outcome.ts';
import { atOnce } from '../../core/slices.ts';
import type { PipelineRun } from './pipeline-run.ts';
import type { RunOptions } from './run-options.ts';
import { dataPlace, nothingTaken, summaryText, type RunSummary } from './summary.ts';

/** A pipeline, and what had become of its records before this run. */
export interface Counted {
  readonly run: PipelineRun;
  readonly before: OutcomeCounts;
}

/** `where`: for messages, where the log is. `isBrokenOff`: told to stop before the end. */
export function tellSummaries(
  counted: readonly Counted[],
  options: RunOptions,
  { seconds, where, isBrokenOff }: { readonly seconds: number; readonly where: string; readonly isBrokenOff: boolean },
  { stdout, logger }: { readonly stdout: NodeJS.WritableStream; readonly logger: Logger },
): void {
  const isOneOfSeveral = counted.length > 1;
  const place = placeOf(options, isOneOfSeveral, where);
  for (const { run, before } of counted) {
    const { pipeline } = run.config.engine;
    const summary = summaryOf(run, seconds);
    if (options.json) stdout.write(`${JSON.stringify(isOneOfSeveral ? { pipeline, ...summary } : summary)}\n`);
    else if (!options.quiet) {
      stdout.write(
        summaryText(pipeline, summary, {
          reasons: reasonsOf(run.engine.partitions().map(({ reasons }) => reasons)),
          decided: run.notify.decided(),
          place: place(pipeline),
          isGone: options.isTemporary === true,
          replayed: run.engine.partitions().reduce((sum, { replayed }) => sum + replayed, 0),
        }),
      );
    }
    const nothing = nothingTaken(pipeline, grownSince(before, totalsOf(run)), place(pipeline));
    if (nothing !== undefined && options.once && !isBrokenOff) logger.warn(nothing);
  }
}

function summaryOf(run: PipelineRun, seconds: number): RunSummary {
  const totals = totalsOf(run);
  return { events: { read: recordsRead(totals), ...totals }, windows: atOnce(run.engine.counts()), alerts: run.notify.counts(), seconds };
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
