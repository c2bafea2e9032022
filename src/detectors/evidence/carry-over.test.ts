import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { correct, createCorrection } from './carry-over.ts';
import type { Correction } from './carry-over.ts';
import { createEvidenceRows } from './rows.ts';

const DAY = 1_440;
const SERIES = 24;

function corrected(q: number, share: number): Correction {
  const of = createCorrection();
  Object.assign(of, { seenBefore: q * 10_000, expectedBefore: 10_000, filter: 0.005, error: 0.02, errorBefore: 0.02, share });
  correct(of);
  return of;
}

test('what carries over moves the expectation and leaves less variance; what is far out moves it, and leaves all', () => {
  const none = corrected(1, 0.8);
  assert.equal(none.factor, 1);
  assert.ok(none.variance < 0.01, String(none.variance));
  assert.ok(corrected(1.2, 0.8).factor > 1.1 && corrected(0.8, 0.8).factor < 0.9);
  assert.ok(corrected(1.2, 0).variance > none.variance);
  assert.deepEqual(corrected(4, 0.8).variance, 0.025);
});

const CHANGING = 8;
const changesAt = (series: number): number => 2 * DAY + 40 * series;

/** Alarms of traffic that wanders by 15 % with a memory of 20 minutes; some series change by `change`, one after the other. */
function alarms(windows: number, change: number): { series: number; window: number; direction: string }[] {
  const share = { windowMs: 60_000, series: SERIES, falseAlarmsPerDay: 1, tests: 2, down: 0.5, up: 2 };
  const rows = createEvidenceRows({ ...share, adds: 'events', hasExposure: false });
  const randoms = Array.from({ length: SERIES }, (_, series) => createRandom(series, 3));
  const levels = new Float64Array(SERIES);
  const on = new Set<number>();
  const rang: { series: number; window: number; direction: string }[] = [];
  for (let window = 0; window < windows; window++) {
    randoms.forEach((random, series) => {
      const level = 0.95 * levels[series]! + 0.15 * Math.sqrt(1 - 0.95 ** 2) * random.normal();
      levels[series] = level;
      const rhythm = Math.exp(0.4 * Math.sin((2 * Math.PI * window) / DAY));
      const factor = series < CHANGING && window >= changesAt(series) ? change : 1;
      const direction = rows.observe(series, window, random.poisson(200 * rhythm * factor * Math.exp(level)), 1);
      if (direction === undefined) on.delete(series);
      else if (!on.has(series)) {
        on.add(series);
        rang.push({ series, window, direction });
      }
    });
  }
  return rang;
}

test('a traffic that wanders is missed within minutes where it falls, and its wandering is no alarm', () => {
  const rang = alarms(changesAt(CHANGING), 0.6);
  const soon = rang.filter(({ series, window }) => series < CHANGING && window >= changesAt(series) && window < changesAt(series) + 8);
  assert.ok(soon.length >= CHANGING / 2, JSON.stringify(rang));
  // Three are expected at most in so long; eight or more come once in 80.
  assert.ok(rang.filter(({ series, window }) => series >= CHANGING || window < changesAt(series)).length < 8, JSON.stringify(rang));
});

test('a traffic that wanders and doubles is told within minutes, also where less came before', () => {
  const rang = alarms(changesAt(CHANGING), 2);
  const soon = rang.filter(({ series, window }) => series < CHANGING && window >= changesAt(series) && window < changesAt(series) + 4);
  assert.equal(soon.length, CHANGING, JSON.stringify(rang));
  assert.ok(rang.length - soon.length < 8, JSON.stringify(rang));
});
