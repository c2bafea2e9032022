/** A row for tests of hot stores. */
import type { WindowRow } from '../../src/windows/row.ts';

const MINUTE = 60_000;
export const HOT_T0 = Date.UTC(2026, 0, 5);
export const US_BANNER = { country: 'US', ad_format: 'banner' };

/** Final, of the 1-minute window that begins so many minutes after `HOT_T0`. */
export function hotRow(minute: number, change: Partial<WindowRow> = {}): WindowRow {
  return {
    kind: 'row',
    pipeline: 'ads',
    window: '1m',
    window_start: new Date(HOT_T0 + minute * MINUTE).toISOString(),
    window_end: new Date(HOT_T0 + (minute + 1) * MINUTE).toISOString(),
    labels: US_BANNER,
    measures: { clicks: minute },
    state: { clicks: minute },
    events: 1,
    replayed: 0,
    final: true,
    corrections: 0,
    version: '10',
    origin: '',
    partitions: ['ads/0'],
    idle: [],
    ...change,
  };
}
