/** Whether rows are such as the pipeline file speaks of: rows of something else would be a month in which nothing rings. */
import { AppError } from '../../core/errors.ts';
import { counted, plural } from '../../core/counted.ts';
import type { Labels } from '../../core/labels.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import type { HistoryWanted } from './record-packer.ts';

export interface Look {
  /** Each row, by the name of its window. */
  window(name: string): void;
  /** A row that is judged. */
  row(row: SeenRow): void;
  /** What is to be known of all of them. @throws AppError `input_unreadable` where there is nothing to judge */
  end(): string[];
}

export interface SeenRow {
  readonly window: string;
  readonly labels: Labels;
  /** Of measures, each under its name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Number of its line in the file. */
  readonly line: number;
}

/** `name`: of the file, for people. */
export function createLook({ dimensions, measures }: EngineSpec, { windows, required }: HistoryWanted, name: string): Look {
  /** What becomes of records belongs to no segment. */
  const ofTotal = new Set(
    measures.filter((measure) => measure.kind === 'count' && measure.outcomes !== undefined).map((measure) => measure.name),
  );
  const seenWindows = new Set<string>();
  const judgedWindows = new Set<string>();
  const seenMeasures = new Set<string>();
  const withNumber = new Set<string>();
  const lacking = new Map<string, { rows: number; readonly firstLine: number }>();
  let hasSegments = false;

  return {
    window: (window) => void seenWindows.add(window),
    row({ window, labels, values, line }) {
      const labelCount = Object.keys(labels).length;
      for (const measure of required.get(window) ?? []) {
        const value = values[measure];
        if (value === undefined) {
          if (labelCount === 0 || !ofTotal.has(measure)) lacks(measure, line);
          continue;
        }
        seenMeasures.add(measure);
        if (value !== null) withNumber.add(measure);
      }
      judgedWindows.add(window);
      hasSegments ||= labelCount === dimensions.length;
    },
    end() {
      const asked = windows.map(({ window }) => window.name);
      const [there, missing] = [asked.filter((window) => judgedWindows.has(window)), asked.filter((window) => !judgedWindows.has(window))];
      if (there.length === 0 && asked.length > 0) throw nothingOf(asked);
      const needed = [...new Set(there.flatMap((window) => required.get(window) ?? []))];
      const unknown = needed.filter((measure) => !seenMeasures.has(measure));
      if (unknown.length > 0) {
        throw wrong(`no row with a field ${unknown.join(', ')}`, 'the measures that are watched, and those that their ratios are made of');
      }
      const empty = needed.filter((measure) => !withNumber.has(measure));
      return [
        ...(missing.length > 0 ? [`${name} has no rows of ${missing.join(', ')}: what looks at them had nothing to judge`] : []),
        ...(hasSegments ? [] : [`${name} has no row that names ${dimensions.join(', ')}: what looks at segments had nothing to judge`]),
        ...[...lacking].map(([measure, { rows, firstLine }]) => {
          const have = plural(rows, 'has', 'have');
          return `${counted(rows, 'row')} of ${name} ${have} no field ${measure}, the first in line ${firstLine}: what looks at it had nothing to judge there`;
        }),
        ...(empty.length > 0 ? [`${empty.join(', ')} ${plural(empty.length, 'is', 'are')} null in every row of ${name}`] : []),
      ];
    },
  };

  function lacks(measure: string, line: number): void {
    const known = lacking.get(measure);
    if (known) known.rows++;
    else lacking.set(measure, { rows: 1, firstLine: line });
  }

  function nothingOf(asked: readonly string[]): AppError {
    const provisional = asked.filter((window) => seenWindows.has(window));
    if (provisional.length > 0) return wrong(`provisional rows alone of ${provisional.join(', ')}`, 'rows that are final');
    return wrong(`rows of windows of ${[...seenWindows].join(', ')} alone`, `rows of ${asked.join(', ')}, which detectors look at`);
  }

  function wrong(found: string, expected: string): AppError {
    return new AppError('input_unreadable', `${name}: found ${found}; expected ${expected}`);
  }
}
