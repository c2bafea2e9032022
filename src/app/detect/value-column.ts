import { settledBy, type Column } from './column.ts';
import { readNumber, type DecimalMark } from './number-text.ts';
import { isMissing } from './series-format.ts';

/** Whoever groups thousands does not write this. */
const UNGROUPED = /^[+-]?\d{4}/;
/** Squares of residuals must stay finite. */
const VALUE_MAX = 1e150;

/** Of numbers, or of nothing. `told`: the mark that somebody said. */
export function createValueColumn(told: DecimalMark | undefined, separator: string): Column {
  let mark = told;
  let by = '--decimal';
  let settled = 0;
  /** The first value whose point may group thousands, and whether another one, such as `12.5` or `1500`, says that none does. */
  let unclear: string | undefined;
  let isClear = told !== undefined;

  return {
    read(text, lineNumber) {
      if (isMissing(text)) return { value: undefined };
      let read = readNumber(text, mark);
      if (!isClear) notePoint(text, lineNumber);
      if (read === 'either') {
        if (separator !== ',') return 'either';
        // A file that is separated by commas has them in decimals only where it says so.
        settle('.', settledBy(lineNumber, text));
        read = readNumber(text, '.');
      }
      if (typeof read !== 'object') return { expected: expected(text) };
      if (Math.abs(read.value) >= VALUE_MAX) return { expected: `a number between -${VALUE_MAX} and ${VALUE_MAX}` };
      if (read.settles && mark === undefined) settle(read.settles, settledBy(lineNumber, text));
      return read;
    },
    get settled() {
      return settled;
    },
    options: '--decimal . (a comma groups thousands) or --decimal , (a point groups them)',
    get assumed() {
      if (isClear || unclear === undefined || mark !== '.') return undefined;
      return `values such as ${unclear} are read as decimals; no line tells whether the point groups thousands. Where it does say --decimal , and where it does not --decimal .`;
    },
  };

  function notePoint(text: string, lineNumber: number): void {
    if (UNGROUPED.test(text)) isClear = true;
    else if (!text.includes('.')) return;
    else if (readNumber(text, undefined) === 'either') unclear ??= settledBy(lineNumber, text);
    else isClear = true;
  }

  function settle(settles: DecimalMark, because: string): void {
    mark = settles;
    by = because;
    settled++;
  }

  function expected(text: string): string {
    const isOther = mark !== undefined && readNumber(text, mark) === undefined && readNumber(text, undefined) !== undefined;
    if (!isOther) return 'a number, or nothing where there is no value';
    if (by === '--decimal') return `"${mark}" before decimals, as --decimal says`;
    return `"${mark}" before decimals, as ${by} is read, or --decimal ${mark === '.' ? ',' : '.'} for the other mark in all lines`;
  }
}
