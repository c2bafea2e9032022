/** A row for tests of hot stores. */
import type { WindowRow } from '../../src/windows/row.ts';
import { rowAt } from './window-row.ts';

const MINUTE = 60_000;
export const HOT_T0 = Date.UTC(2026, 0, 5);
export const US_BANNER = { country: 'US', ad_format: 'banner' };

/** Final, of the 1-minute window that begins so many minutes after `HOT_T0`. */
export function hotRow(minute: number, change: Partial<WindowRow> = {}): WindowRow {
  const counted = { measures: { clicks: minute }, state: { clicks: minute } };
  return rowAt(HOT_T0 + minute * MINUTE, {
    pipeline: 'ads',
    labels: US_BANNER,
    ...counted,
    version: '10',
    partitions: ['ads/0'],
    ...change,
  });
}
