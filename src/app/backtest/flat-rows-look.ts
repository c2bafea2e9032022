/** Whether flat rows are such as the pipeline file speaks of: rows of something else would be a month in which nothing rings. */
import { AppError } from '../../core/errors.ts';
import type { Labels } from '../../core/labels.ts';
import { describe } from '../../config/problem.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import type { HistoryWanted } from './record-packer.ts';

export interface Look {
  /** Each row, by the name of its window. */
  window(name: string): void;
  /** A row that is judged. @throws AppError `input_unreadable` with file:line */
  row(line: Readonly<Record<string, unknown>>, labels: Labels, number: number): void;
  /** What is to be known of all of them. @throws AppError `input_unreadable` */
  end(): string[];
}

export function createLook({ dimensions }: EngineSpec, { windows, watched }: HistoryWanted, path: string): Look {
  const seenWindows = new Set<string>();
  const seenMeasures = new Set<string>();
  let hasSegments = false;

  return {
    window: (name) => void seenWindows.add(name),
    row(line, labels, number) {
      for (const name of watched) {
        const value = line[name];
        if (value === undefined) continue;
        seenMeasures.add(name);
        if (value === null || typeof value === 'number') continue;
        throw new AppError('input_unreadable', `${path}:${number}: ${name}: found ${describe(value)}; expected a number or null`);
      }
      hasSegments ||= Object.keys(labels).length === dimensions.length;
    },
    end() {
      const asked = windows.map(({ window }) => window.name);
      const missing = asked.filter((name) => !seenWindows.has(name));
      if (missing.length === asked.length && asked.length > 0) {
        throw wrong(`rows of windows of ${[...seenWindows].join(', ')} alone`, `rows of ${asked.join(', ')}, which detectors look at`);
      }
      const unknown = watched.filter((name) => !seenMeasures.has(name));
      if (unknown.length > 0) throw wrong(`no row with a field ${unknown.join(', ')}`, 'the measures that are watched');
      return [
        ...(missing.length > 0 ? [`${path} has no rows of ${missing.join(', ')}: what looks at them had nothing to judge`] : []),
        ...(hasSegments ? [] : [`${path} has no row that names ${dimensions.join(', ')}: what looks at segments had nothing to judge`]),
      ];
    },
  };

  function wrong(found: string, expected: string): AppError {
    return new AppError('input_unreadable', `${path}: found ${found}; expected ${expected}`);
  }
}
