import { settledBy, type Column } from './column.ts';
import { readNumber, type DecimalMark } from './number-text.ts';
import { isMissing } from './series-format.ts';

/** Of numbers, or of nothing. `told`: the mark that somebody said. */
export function createValueColumn(told: DecimalMark | undefined, separator: string): Column {
  let mark = told;
  let by = '--decimal';
  let settled = 0;

  return {
    read(text, lineNumber) {
      if (isMissing(text)) return { value: undefined };
      let read = readNumber(text, mark);
      if (read === 'either') {
        if (separator !== ',') return 'either';
        // A file that is separated by commas has them in decimals only where it says so.
        settle('.', settledBy(lineNumber, text));
        read = readNumber(text, '.');
      }
      if (typeof read !== 'object' || !isFiniteSquare(read.value)) return { expected: expected(text) };
      if (read.settles && mark === undefined) settle(read.settles, settledBy(lineNumber, text));
      return read;
    },
    get settled() {
      return settled;
    },
    options: '--decimal . (a comma groups thousands) or --decimal , (a point groups them)',
  };

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

/** Squares of residuals must stay finite. */
function isFiniteSquare(value: number): boolean {
  return Math.abs(value) < 1e150;
}
