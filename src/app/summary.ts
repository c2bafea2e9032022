/** What a run came to: the JSON line of `--json`, and the same for people. */
import { OUTCOMES, type OutcomeCounts } from '../core/outcome.ts';

/** Counts are those of the pipeline since it began, over all its runs on the data directory; `seconds` is this run's time. With several pipelines each line also names its own. */
export interface RunSummary {
  readonly events: { readonly read: number } & OutcomeCounts;
  readonly windows: Readonly<Record<string, { readonly results: number; readonly corrections: number }>>;
  readonly alerts: { readonly fired: number; readonly sent: number };
  readonly seconds: number;
}

const REASONS_SHOWN = 8;
const number = new Intl.NumberFormat('en-US');

export function summaryText(
  pipeline: string,
  { events, windows, alerts, seconds }: RunSummary,
  reasons: ReadonlyMap<string, number>,
): string {
  const lines = [
    `${pipeline}: ${number.format(events.read)} record${events.read === 1 ? '' : 's'}`,
    ...OUTCOMES.map((outcome) => `  ${outcome.padEnd(10)} ${number.format(events[outcome]).padStart(12)}`),
    ...invalidReasons(reasons),
    ...Object.entries(windows).map(
      ([name, { results, corrections }]) =>
        `  ${name.padEnd(10)} ${number.format(results).padStart(12)} rows (roll-ups apart), ${number.format(corrections)} corrections`,
    ),
    `  ${'alerts'.padEnd(10)} ${number.format(alerts.fired).padStart(12)} fired, ${number.format(alerts.sent)} notifications`,
    `  in ${seconds} s`,
  ];
  return `${lines.join('\n')}\n`;
}

function invalidReasons(reasons: ReadonlyMap<string, number>): string[] {
  if (reasons.size === 0) return [];
  const sorted = [...reasons].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const shown = sorted.slice(0, REASONS_SHOWN).map(([reason, count]) => `${reason} ${number.format(count)}`);
  const more = sorted.length > REASONS_SHOWN ? `, and ${sorted.length - REASONS_SHOWN} more` : '';
  return [`  invalid because of ${shown.join(', ')}${more}`];
}
