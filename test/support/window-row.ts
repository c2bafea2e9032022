/** Records of windows for tests: what a test says nothing of is plain. */
import type { ClosedRecord, WindowRow } from '../../src/windows/row.ts';

const MINUTE = 60_000;
const PLAIN = { pipeline: 'p', window: '1m', idle: [] } as const;

/** The final row of a total, as it was first told, of the minute that begins at `startMs` (epoch ms). */
export function rowAt(startMs: number, of: Partial<WindowRow> = {}): WindowRow {
  return {
    ...PLAIN,
    kind: 'row',
    ...times(startMs),
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
    ...of,
  };
}

export function closedAt(startMs: number, of: Partial<ClosedRecord> = {}): ClosedRecord {
  return { ...PLAIN, kind: 'closed', ...times(startMs), ...of };
}

function times(startMs: number): Pick<ClosedRecord, 'window_start' | 'window_end'> {
  return { window_start: new Date(startMs).toISOString(), window_end: new Date(startMs + MINUTE).toISOString() };
}
