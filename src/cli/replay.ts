import { confirm, isCancel } from '@clack/prompts';
import { lockForRun } from '../app/control/lock-for-run.ts';
import { planReplay, rowsLeft, type ReplayPlan, type ReplayRequest } from '../app/replay.ts';
import { runPipelines } from '../app/run.ts';
import { summaryText, type RunSummary, type SummaryBeside } from '../app/run/summary.ts';
import type { OnSummary } from '../app/run/tell-summaries.ts';
import { systemClock } from '../core/clock.ts';
import type { Terminal } from './terminal.ts';
import { counted, plural } from '../core/counted.ts';

interface Options extends Omit<ReplayRequest, 'file'> {
  readonly yes: boolean;
  readonly json: boolean;
}

/** Exit code 1 where the person said no, or broke it off. */
export async function replayCommand(file: string, options: Options, terminal: Terminal): Promise<number> {
  const request = { ...options, file };
  const plan = await planReplay(request, systemClock);
  // A run that is there refuses the replay: before its plan is told, and somebody is asked.
  (await lockForRun(options.data, { clock: systemClock, signal: new AbortController().signal })).release();
  for (const line of planText(plan)) terminal.stderr.write(`${line}\n`);
  if (terminal.stdin.isTTY && terminal.stdout.isTTY && !options.yes && !options.json) {
    const answer = await confirm({ message: 'Go on?' });
    if (isCancel(answer) || !answer) {
      terminal.note('nothing was changed');
      return 1;
    }
  }
  const signal = terminal.interruption();
  const told: [summary: RunSummary, beside: SummaryBeside][] = [];
  const onSummary: OnSummary = (_, ...summary) => told.push(summary);
  await runPipelines(plan.options, { ...terminal, signal, onSummary });
  if (signal.aborted) {
    terminal.note(`interrupted before the end: \`tocsin run ${file}\` goes on where this one ended, \`tocsin replay\` begins anew`);
    return 1;
  }
  const [summary, beside] = told[0]!;
  const { pipeline, revision, partitions, records, completeFrom } = plan;
  const left = await rowsLeft(request, plan, systemClock);
  const planned = {
    pipeline,
    revision: revision?.to ?? 1,
    partitions,
    records,
    clock: plan.options.clock,
    complete_from: Number.isFinite(completeFrom) ? new Date(completeFrom).toISOString() : null,
    left,
  };
  if (options.json) await terminal.print(JSON.stringify({ ...planned, ...summary }));
  else await terminal.print(summaryText(pipeline, summary, beside).trimEnd());
  if (left.rows > 0) terminal.note(leftText(left));
  return 0;
}

function leftText({ rows, windows }: { rows: number; windows: number }): string {
  return (
    `${counted(rows, 'row')}, in ${counted(windows, 'window')}, ${plural(rows, 'is', 'are')} still of an older revision: this replay counted nothing there. ` +
    'Where records are missing from the log, they are all that is left of them; where other rules or another --clock left the records out, they are wrong by the new ones'
  );
}

/** What it will do, before it is done. */
function planText({ pipeline, revision, isChanged, partitions, records, completeFrom, options }: ReplayPlan): string[] {
  const windows = Number.isFinite(completeFrom)
    ? `windows that begin at ${new Date(completeFrom).toISOString()} or later`
    : 'all windows that these give';
  const became = revision ? `, as revision ${revision.to} in the place of ${revision.from}` : '';
  return [
    `replay of pipeline ${pipeline}: ${counted(records, 'record')} ${plural(records, 'is', 'are')} read again`,
    ...partitions.map(({ name, from, to }) => `  ${name} from offset ${from} up to ${to}`),
    `${isChanged ? 'The file has changed since: ' : ''}${windows} are computed anew${became}.`,
    'Their rows replace the older ones in every store; in a window where nothing is counted now, the older rows stay. What was sent in again',
    'from the dead letters is judged again, and counts where the records themselves do not.',
    `Nobody is notified. Delays are told by ${options.clock === 'event' ? 'event time alone' : 'the times of arrival in the log'}.`,
    options.readTo ? 'The next run goes on there, not at the end.' : 'The next run goes on at the end.',
  ];
}
