/** Rows as aligned text for people, without holding all of them: the first ones settle the widths. */
import type { Terminal } from './terminal.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | null | undefined;
  /** Longer values are cut; default 60. */
  readonly maxWidth?: number;
  /** Numbers stand at the right. */
  readonly right?: boolean;
}

const MEASURED_ROWS = 200;

/** Resolves to the number of rows. */
export async function printTable<Row>(
  rows: AsyncIterable<Row> | Iterable<Row>,
  columns: readonly Column<Row>[],
  terminal: Pick<Terminal, 'print'>,
): Promise<number> {
  let waiting: string[][] = [];
  let widths: number[] | undefined;
  let count = 0;
  async function start(): Promise<void> {
    const titles = columns.map(({ title }) => title);
    widths = columns.map((_, c) => Math.max(...[titles, ...waiting].map((cells) => displayWidth(cells[c]!))));
    for (const cells of [titles, ...waiting]) await terminal.print(lineOf(cells, widths, columns));
    waiting = [];
  }
  for await (const row of rows) {
    count++;
    const cells = columns.map(({ value, maxWidth = 60 }) => cut(cellText(value(row)), maxWidth));
    if (widths) await terminal.print(lineOf(cells, widths, columns));
    else if (waiting.push(cells) === MEASURED_ROWS) await start();
  }
  if (!widths && count > 0) await start();
  return count;
}

function lineOf(cells: readonly string[], widths: readonly number[], columns: readonly Column<never>[]): string {
  const padded = cells.map((cell, c) => {
    const padding = ' '.repeat(Math.max(0, widths[c]! - displayWidth(cell)));
    return columns[c]!.right === true ? padding + cell : cell + padding;
  });
  return padded.join('  ').trimEnd();
}

function cellText(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'number') return numberText(value);
  return printable(value);
}

/** Six digits tell enough in a table; whole numbers stay whole. */
export function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** Bytes of others must not move the cursor, ring, recolour, or turn the line's direction: control characters become U+FFFD. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}

function cut(text: string, maxWidth: number): string {
  if (text.length <= maxWidth) return text;
  return `${text.slice(0, maxWidth - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Columns on a terminal, near enough: wide East Asian characters take two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const char of text)
    width += /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{1F300}-\u{1FAFF}]/u.test(char) ? 2 : 1;
  return width;
}

/** `5021` -> `5,021`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1851234` -> `1.9 MB`. */
export function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}
