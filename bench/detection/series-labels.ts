/** What people have marked in the labelled series; the detector never sees it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The column `label` of a KPI series: 1 = anomalous. */
export function readLabels(file: string): Uint8Array {
  const [header = '', ...rows] = gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n');
  const column = header.trim().split(',').indexOf('label');
  return Uint8Array.from(rows, (row) => Number(row.split(',')[column]));
}

export interface NabWindows {
  readonly path: string;
  /** Epoch seconds, both ends included. */
  readonly windows: readonly (readonly [first: number, last: number])[];
}

export function readNabWindows(folder: string): NabWindows[] {
  const text = readFileSync(path.join(folder, 'combined_windows.json'), 'utf8');
  return Object.entries(JSON.parse(text) as Record<string, [string, string][]>).map(([name, windows]) => ({
    path: name,
    windows: windows.map(([first, last]) => [seconds(first), seconds(last)] as const),
  }));
}

function seconds(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`) / 1_000;
}
