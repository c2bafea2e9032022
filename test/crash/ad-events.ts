/** The ad-tech sample over and over, an hour later each time and with ids of its own, up to the last full hour: nothing is old in any store. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { columnAt, splitLines } from '../../src/log/batch.ts';
import { SAMPLE } from '../e2e/sample-checks.ts';

const HOUR_MS = 3_600_000;
const SAMPLE_HOUR = Date.UTC(2026, 2, 2, 9);
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

/** `now`: epoch ms. */
export function adEvents(rounds: number, now: number): Uint8Array[] {
  const cut = splitLines(gunzipSync(readFileSync(SAMPLE)), { last: true });
  const lines = Array.from({ length: cut.ends.length }, (_, i) => Buffer.from(columnAt(cut, i)).toString('latin1'));
  const last = Math.floor(now / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
  return Array.from({ length: rounds }, (_, round) => {
    const laterMs = last - (rounds - 1 - round) * HOUR_MS - SAMPLE_HOUR;
    const moved = (time: string): string => {
      const at = Date.parse(time);
      return Number.isNaN(at) ? time : new Date(at + laterMs).toISOString();
    };
    return lines.map((line) => {
      const text = line.replace(TIME, moved).replace(/("event_id": ?")[0-9a-f]{2}/, `$1${(round + 16).toString(16)}`);
      return Buffer.from(text, 'latin1');
    });
  }).flat();
}
