/** What is wrong in a pipeline file: where, what was found, what was expected, what was probably meant. */
import { AppError } from '../core/errors.ts';
import { nearest } from './nearest.ts';

export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  /** The name at the end of the path is at fault, not what it holds. */
  readonly atKey?: boolean;
  readonly message: string;
}

/** Problems are collected, so that a person can mend all of them at once. */
export interface Problems {
  add(path: Path, message: string, options?: { readonly atKey?: boolean }): void;
  /** "found X; expected one of Y; did you mean Z?" */
  unknown(path: Path, found: string, what: string, names: readonly string[], options?: { readonly atKey?: boolean }): void;
  /** What `read` gives; undefined where it throws an AppError. A fault in another file is told at the place that names it. */
  attempt<T>(path: Path, read: () => T): T | undefined;
  readonly list: readonly Problem[];
}

export function createProblems(): Problems {
  const list: Problem[] = [];
  const add: Problems['add'] = (path, message, options) => {
    list.push({ path, message, ...(options?.atKey === true ? { atKey: true } : {}) });
  };
  return {
    add,
    unknown: (path, found, what, names, options) => add(path, unknownName(found, what, names), options),
    attempt(path, read) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        add(path, error.message);
        return undefined;
      }
    },
    list,
  };
}

const NAMES_SHOWN = 16;
export function unknownName(found: string, what: string, names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ') + (names.length > NAMES_SHOWN ? ', ...' : '');
  const meant = nearest(found, names);
  const expected = names.length === 0 ? `expected ${what}, of which there is none` : `expected ${what}: ${shown}`;
  return `found ${describe(found)}; ${expected}${meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`}`;
}

/** A value of the file in a few words. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a block of keys';
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const text = isPlain ? JSON.stringify(value) : `a ${typeof value}`;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const PROBLEMS_SHOWN = 20;

/**
 * @param place file, line and column of a problem
 * @returns `config_invalid`, a line for each problem in the order of the file
 */
export function problemsError(problems: readonly Problem[], place: (problem: Problem) => { text: string; order: number }): AppError {
  const lines = new Map<string, number>();
  for (const problem of problems) {
    const { text, order } = place(problem);
    lines.set(`${text}: ${problem.message}`, order);
  }
  const sorted = [...lines].toSorted((a, b) => a[1] - b[1]).map(([line]) => line);
  const more = sorted.length > PROBLEMS_SHOWN ? [`... and ${sorted.length - PROBLEMS_SHOWN} more problems`] : [];
  return new AppError('config_invalid', [...sorted.slice(0, PROBLEMS_SHOWN), ...more].join('\n'));
}
