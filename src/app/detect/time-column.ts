import { settledBy, type Column } from './column.ts';
import { isDigits, isHour24 } from './digits-time.ts';
import type { SeriesFormat } from './series-format.ts';
import { readTime, type TimeStyle } from './time-text.ts';

const ORDER_NAMES = { dmy: 'the day first', mdy: 'the month first' } as const;
const HOURS = 'hours from 00 to 23, each by its beginning (where they are numbered from 01 to 24 by their end, take one off each)';
const UNITS_OPTION = '--time-format s (or ms, us, ns)';

/** Of times; values are epoch ms. */
export function createTimeColumn({ timeStyle, timeForm }: SeriesFormat): Column {
  let { order, digits } = timeStyle;
  let [orderBy, digitsBy] = ['--time-format', '--time-format'];
  let settled = 0;

  return {
    read(text, lineNumber) {
      const read = readTime(text, styleOf(order, digits));
      if (read === undefined) return { expected: expected(text) };
      if (read !== 'either' && read.settles) settle(read.settles, settledBy(lineNumber, text));
      return read;
    },
    get settled() {
      return settled;
    },
    options: '--time-format mdy (the month first) or --time-format dmy (the day first)',
  };

  function settle(style: TimeStyle, by: string): void {
    if (style.order && !order) {
      [order, orderBy] = [style.order, by];
      settled++;
    }
    if (style.digits && !digits) {
      [digits, digitsBy] = [style.digits, by];
      settled++;
    }
  }

  function expected(text: string): string {
    if (isDigits(text)) {
      if (digits !== undefined && digits !== 'date' && digits !== 'unix') return `a time in ${digits} since 1970, as --time-format says`;
      if (digits !== 'unix' && isHour24(text)) return `${HOURS}, or ${UNITS_OPTION} for numbers since 1970`;
      const isOther = digits === 'date' && readTime(text, {}) !== undefined;
      if (isOther) return `a date of digits such as 20260302, as ${digitsBy} has it, or ${UNITS_OPTION} for numbers since 1970`;
      return `${timeForm}; a number before March 1973 is a time with ${UNITS_OPTION} only`;
    }
    if (order === undefined || readTime(text, {}) === undefined) return timeForm;
    const other = order === 'dmy' ? 'mdy' : 'dmy';
    if (orderBy === '--time-format') return `${ORDER_NAMES[order]}, as --time-format says`;
    return `${ORDER_NAMES[order]}, as ${orderBy} is read, or --time-format ${other} for ${ORDER_NAMES[other]} in all lines`;
  }
}

function styleOf(order: TimeStyle['order'], digits: TimeStyle['digits']): TimeStyle {
  return { ...(order && { order }), ...(digits && { digits }) };
}
