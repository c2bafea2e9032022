/** The fields of one column: whatever settles how they are written settles it for all of them. */

export interface Column {
  /** `either`: no line so far says which of two readings is meant. `expected`: of a field that is wrong, for people. */
  read(text: string, lineNumber: number): { readonly value: number | undefined } | 'either' | { readonly expected: string };
  /** How often something was settled: what was `either` before may be clear now. */
  readonly settled: number;
  /** The options that say what no line says, for people. */
  readonly options: string;
  /** What was assumed where the lines so far could all be read in another way too, for people. */
  readonly assumed?: string | undefined;
}

/** The line that settled it, for people. */
export function settledBy(lineNumber: number, text: string): string {
  return `line ${lineNumber} ("${shown(text)}")`;
}

const SHOWN_MAX = 60;

export function shown(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, '\uFFFD');
  return clean.length <= SHOWN_MAX ? clean : `${clean.slice(0, SHOWN_MAX)}…`;
}
