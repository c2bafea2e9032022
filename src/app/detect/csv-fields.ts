export interface CsvField {
  readonly text: string;
  /** Where it begins in the line, from 0; its quote where it has one. */
  readonly at: number;
}

/** One line of CSV -> its fields. A field in double quotes may hold separators and doubled quotes, no line end. */
export function csvFields(line: string, separator = ','): string[] {
  if (!line.includes('"')) return line.split(separator).map((field) => field.trim());
  return placedFields(line, separator).map(({ text }) => text);
}

/** The same, with their places: for messages. */
export function placedFields(line: string, separator: string): CsvField[] {
  const fields: CsvField[] = [];
  for (let from = 0; from <= line.length;) {
    const at = afterBlanks(line, from, separator);
    const close = line[at] === '"' ? closingQuote(line, at) : -1;
    const rest = close < 0 ? at : afterBlanks(line, close + 1, separator);
    const isQuoted = close > 0 && (rest === line.length || line[rest] === separator);
    const end = isQuoted ? rest : nextSeparator(line, separator, at);
    const text = isQuoted ? line.slice(at + 1, close).replaceAll('""', '"') : line.slice(at, end).trim();
    fields.push({ text, at });
    from = end + 1;
  }
  return fields;
}

function afterBlanks(line: string, from: number, separator: string): number {
  let at = from;
  while (at < line.length && line[at] !== separator && line[at]!.trim() === '') at++;
  return at;
}

/** -1: the quote is never closed. */
function closingQuote(line: string, open: number): number {
  let at = line.indexOf('"', open + 1);
  while (at >= 0 && line[at + 1] === '"') at = line.indexOf('"', at + 2);
  return at;
}

function nextSeparator(line: string, separator: string, from: number): number {
  const at = line.indexOf(separator, from);
  return at < 0 ? line.length : at;
}

/** A value as a field of CSV. */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
