/** What a run came to: the JSON line of `--json`, and the same for people. */
import { OUTCOMES, recordsRead, type OutcomeCounts } from '../../core/outcome.ts';
import type { Decision } from '../../notify/decide.ts';
import { DEFAULT_DATA } from './run-options.ts';
import { counted, plural } from '../../core/counted.ts';

/** Counts are those of the pipeline since it began, over all its runs on the data directory; `seconds` is this run's time. With several pipelines each line also names its own. */
export interface RunSummary {
  readonly events: { readonly read: number } & OutcomeCounts;
  readonly windows: Readonly<Record<string, { readonly results: number; readonly corrections: number }>>;
  readonly alerts: { readonly fired: number; readonly sent: number };
  readonly seconds: number;
}

/** What the summary says for people alone. */
export interface SummaryBeside {
  /** What is probably wrong though every record is judged, a sentence each. */
  readonly doubts?: readonly string[];
  /** Why records were invalid. */
  readonly reasons?: ReadonlyMap<string, number>;
  /** What was decided for each alert event and receiver, in this run. */
  readonly decided?: readonly { readonly decision: Decision; readonly count: number }[];
  /** The options that name this place to `tocsin dlq list`, such as ` --data out`. */
  readonly place?: string;
  /** What was in the data directory goes with the run: there is nothing to list. */
  readonly isGone?: boolean;
  /** Dead letters sent in again and accepted, since the pipeline began. */
  readonly replayed?: number;
}

const REASONS_SHOWN = 8;
/** Somebody would have been told but for these; `recorded` and `unwanted` are of what was, or never was, told. */
const HELD_BACK: Partial<Record<Decision, string>> = {
  cooldown: 'cooldown',
  folded: 'folded',
  stale: 'stale',
  not_local: 'not_local: --notify tells them',
  silenced: 'silenced',
};
const number = new Intl.NumberFormat('en-US');

export function summaryText(
  pipeline: string,
  { events, windows, alerts, seconds }: RunSummary,
  { doubts = [], reasons = new Map(), decided = [], place = '', isGone = false, replayed = 0 }: SummaryBeside,
): string {
  const lines = [
    `${pipeline}: ${counted(events.read, 'record')}`,
    ...OUTCOMES.map((outcome) => `  ${outcome.padEnd(10)} ${number.format(events[outcome]).padStart(12)}`),
    ...doubts.map((doubt) => `  ${doubt}`),
    ...invalidReasons(reasons),
    ...(events.invalid > 0 && !isGone ? [`  they lie whole in the dead-letter queue: tocsin dlq list${place}`] : []),
    ...(replayed > 0
      ? [`  ${'replayed'.padEnd(10)} ${number.format(replayed).padStart(12)} ${plural(replayed, 'dead letter')} sent in again and accepted`]
      : []),
    ...Object.entries(windows).map(
      ([name, { results, corrections }]) =>
        `  ${name.padEnd(10)} ${number.format(results).padStart(12)} ${plural(results, 'row')} (roll-ups apart), ${counted(corrections, 'correction')}`,
    ),
    `  ${'alerts'.padEnd(10)} ${number.format(alerts.fired).padStart(12)} fired, ${counted(alerts.sent, 'notification')}${notTold(decided)}`,
    `  in ${seconds} s`,
  ];
  return `${lines.join('\n')}\n`;
}

/** `; 6 held back in this run (cooldown)`: notifications, not alerts, as each receiver has its own. */
function notTold(decided: NonNullable<SummaryBeside['decided']>): string {
  const sumOf = (decision: string): number => decided.reduce((sum, each) => sum + (each.decision === decision ? each.count : 0), 0);
  const held = Object.entries(HELD_BACK).flatMap(([decision, why]) => {
    const count = sumOf(decision);
    return count > 0 ? [{ why, count }] : [];
  });
  const total = held.reduce((sum, { count }) => sum + count, 0);
  const why = held.length === 1 ? held[0]!.why : held.map((each) => `${number.format(each.count)} ${each.why}`).join(', ');
  const failed = sumOf('failed');
  return (
    (total > 0 ? `; ${number.format(total)} held back in this run (${why})` : '') +
    (failed > 0 ? `; ${number.format(failed)} failed in this run` : '')
  );
}

/** ` --data out`: for the shell; nothing where it is the default. */
export function dataPlace(data: string): string {
  if (data === DEFAULT_DATA) return '';
  return ` --data ${/^[\w./@:+-]+$/.test(data) ? data : `'${data.replaceAll("'", String.raw`'\''`)}'`}`;
}

/**
 * For a run of which nothing was accepted, now or (a duplicate) before, though some of it was invalid or late; else undefined.
 * `outcomes`: of what this run itself read. `place`: as in `SummaryBeside`.
 */
export function nothingTaken(pipeline: string, outcomes: OutcomeCounts, place: string): string | undefined {
  const { accepted, duplicate, invalid, late } = outcomes;
  if (accepted + duplicate > 0 || invalid + late === 0) return undefined;
  const [bad, past] = [invalid, late].map((count) => number.format(count));
  return `pipeline ${pipeline} accepted nothing of the ${counted(recordsRead(outcomes), 'record')} of this run: ${bad} invalid, ${past} late. \`tocsin dlq list${place}\` says why`;
}

function invalidReasons(reasons: ReadonlyMap<string, number>): string[] {
  if (reasons.size === 0) return [];
  const sorted = [...reasons].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const shown = sorted.slice(0, REASONS_SHOWN).map(([reason, count]) => `${reason} ${number.format(count)}`);
  const more = sorted.length > REASONS_SHOWN ? `, and ${sorted.length - REASONS_SHOWN} more` : '';
  return [`  invalid because of ${shown.join(', ')}${more}`];
}
