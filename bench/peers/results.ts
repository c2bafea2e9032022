/** What the contenders wrote, held against each other. */
import { readFileSync } from 'node:fs';

/** Numbers by key; a line of the file is the key's parts and the numbers, tabs in between. */
export type Result = ReadonlyMap<string, readonly number[]>;

/** Of a sum of floats: another order of adding gives other last digits. */
const TOLERANCE = 1e-6;

export function readResult(file: string, keyParts: number): Result {
  const result = new Map<string, number[]>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const parts = line.split('\t');
    const key = parts.slice(0, keyParts).join('\t');
    if (result.has(key)) throw new Error(`${file} has two lines of ${key}`);
    result.set(key, parts.slice(keyParts).map(Number));
  }
  return result;
}

/** Undefined where they are the same; else what differs, in a few words. */
export function difference(found: Result, wanted: Result): string | undefined {
  const missing = [...wanted.keys()].filter((key) => !found.has(key));
  const unknown = [...found.keys()].filter((key) => !wanted.has(key));
  const other = [...wanted].filter(([key, numbers]) => found.has(key) && !same(found.get(key)!, numbers));
  if (missing.length + unknown.length + other.length === 0) return undefined;
  const [key] = missing[0] !== undefined ? [missing[0]] : (other[0] ?? [unknown[0]!]);
  const example = `${key.replaceAll('\t', ' ')}: ${found.get(key)?.join(' ') ?? 'nothing'} instead of ${wanted.get(key)?.join(' ') ?? 'nothing'}`;
  return `${missing.length} cells missing, ${unknown.length} too many, ${other.length} with other values (${example})`;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => Math.abs(value - b[i]!) <= TOLERANCE);
}
