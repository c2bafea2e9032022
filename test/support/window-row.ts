/** Records of windows for tests: what a test says nothing of is plain. */
import type { ClosedRecord, WindowRow } from '../../src/windows/row.ts';

const MINUTE = 60_000;

/** The final row of a total, as it was first told, of the minute that begins at `startMs` (epoch ms). */
export function rowAt(startMs: number, of: Partial<WindowRow> = {}): WindowRow {
  return {
    kind: 'row',
    ...placeAt(startMs),
    labels: {},
    measures: {},
    state: {},
    events: 1,
    replayed: 0,
    final: true,
    corrections: 0,
    version: '1',
    origin: '',
    partitions: [],
    idle: [],
    ...of,
  };
}

export function closedAt(startMs: number, of: Partial<ClosedRecord> = {}): ClosedRecord {
  return { kind: 'closed', ...placeAt(startMs), idle: [], ...of };
}

function placeAt(startMs: number): Pick<ClosedRecord, 'pipeline' | 'window' | 'window_start' | 'window_end'> {
  const [window_start, window_end] = [startMs, startMs + MINUTE].map((at) => new Date(at).toISOString()) as [string, string];
  return { pipeline: 'p', window: '1m', window_start, window_end };
}
