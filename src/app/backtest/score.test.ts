import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BacktestAlert } from '../../server/api.ts';
import { pairsOf } from './comparison.ts';
import { scoreOf } from './score.ts';

const START = Date.UTC(2026, 2, 2, 9);
const iso = (minute: number): string => new Date(START + minute * 60_000).toISOString();

/** Rang at the end of the window that begins in this minute. */
function alert(id: string, minute: number, labels: Record<string, string>, more: Partial<BacktestAlert> = {}): BacktestAlert {
  const times = { alert_time: iso(minute + 1), window_start: iso(minute), since: iso(minute), resolved_time: iso(minute + 5) };
  const rest = {
    alert_id: id,
    alert_type: 'ctr_drop',
    measure: 'ctr',
    direction: 'down',
    window: '1m',
    labels,
    series: JSON.stringify(labels),
  };
  return { ...times, ...rest, ...more } as unknown as BacktestAlert;
}

const judged = { first: START, from: START, to: START + 86_400_000 };
const detect = ['ctr', 'visits'].map((measure) => ({ measure, window: '1m' }));
const day = { detect, timeOf: () => judged, graceMs: 0 };

test('an alert belongs to an incident by time, overlapping segment and measure; each counts once', () => {
  const alerts = [
    alert('before', 9, { country: 'KR' }),
    alert('roll-up', 12, { country: 'KR' }),
    alert('member', 13, { country: 'KR', format: 'video' }),
    alert('elsewhere', 14, { country: 'US' }),
    alert('other measure', 15, { country: 'KR' }, { measure: 'visits' }),
    alert('spoken for', 16, { country: 'KR' }, { part_of: 'roll-up' }),
    alert('in the cooldown', 17, { country: 'KR' }, { cooldown_until: iso(25) }),
    alert('after', 20, { country: 'KR' }),
  ];
  const incidents = [
    { start: iso(10), end: iso(20), labels: { country: 'KR', format: 'banner' }, measure: 'ctr' },
    { start: iso(10), end: iso(20), labels: { country: 'KR' } },
    { start: iso(300), end: iso(310) },
    { start: iso(-10), end: iso(-5) },
  ];
  const score = scoreOf(alerts, incidents, day);
  assert.deepEqual(
    score.incidents.map((incident) => incident.alerts),
    [['roll-up'], ['roll-up', 'member', 'other measure'], [], []],
  );
  assert.deepEqual(score.precision, { count: 3, of: 6 });
  assert.deepEqual(score.recall, { count: 2, of: 3 });
  assert.deepEqual(score.delay_ms, { median: 180_000, most: 180_000 });
  assert.equal(score.false_alarms_per_day, 3);
  assert.deepEqual(
    score.incidents.map(({ outside }) => outside),
    [false, false, false, true],
  );
  assert.deepEqual(scoreOf(alerts, incidents, { ...day, graceMs: 60_000 }).incidents[0]!.alerts, ['roll-up', 'after']);
});

test('without alerts or incidents nothing is divided by nothing', () => {
  assert.deepEqual(scoreOf([], [], { detect, timeOf: () => undefined, graceMs: 0 }), {
    precision: { count: 0, of: 0 },
    recall: { count: 0, of: 0 },
    delay_ms: null,
    false_alarms_per_day: 0,
    incidents: [],
  });
});

test('side by side the same episode is one line, however early or late it rang; what rings with neither is none', () => {
  const kr = { country: 'KR' };
  const file = [alert('a', 10, kr), alert('b', 30, kr), alert('quiet', 50, { country: 'US' }, { part_of: 'x' })];
  const set = [alert('c', 12, kr), alert('d', 40, kr), alert('told', 31, kr, { direction: 'up' }), alert('e', 50, { country: 'US' })];
  const shown = pairsOf(file, set).map((pair) => [pair.file?.alert_id ?? null, pair.set?.alert_id ?? null, pair.file?.folded ?? null]);
  assert.deepEqual(shown, [
    ['a', 'c', false],
    ['b', null, false],
    [null, 'told', null],
    [null, 'd', null],
    ['quiet', 'e', true],
  ]);
  assert.deepEqual(pairsOf([alert('x', 1, kr, { part_of: 'y' })], []), []);
  assert.deepEqual(pairsOf([alert('x', 1, kr, { cooldown_until: iso(9) })], []), []);
});

test('of several detectors on a measure each is held against itself; one that took the place of another against that', () => {
  const kr = { country: 'KR' };
  const of = (detector: string) => ({ detector });
  const file = [alert('limit', 10, kr, of('threshold')), alert('unusual', 11, kr, of('evidence')), alert('old', 40, kr, of('evidence'))];
  const set = [
    alert('unusual too', 9, kr, of('evidence')),
    alert('limit too', 12, kr, of('threshold')),
    alert('new', 41, kr, of('seasonal')),
  ];
  const shown = pairsOf(file, set).map((pair) => [pair.file?.alert_id ?? null, pair.set?.alert_id ?? null]);
  assert.deepEqual(shown, [
    ['unusual', 'unusual too'],
    ['limit', 'limit too'],
    ['old', 'new'],
  ]);
});
