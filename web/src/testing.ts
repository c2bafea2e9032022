/** What the tests of the page make their cases from. */
import type { WindowPoint } from '../../src/server/api.ts';
import type { AlertEvent } from '../../src/receivers/alert-event.ts';
import type { Clock } from './clock.ts';

const BEGIN = Date.UTC(2026, 0, 1);

/** The `n`-th 10 s window of a series, with `ctr` as told. */
export function point(n: number, ctr: number | null, change: Partial<WindowPoint> = {}): WindowPoint {
  return {
    window: '10s',
    window_start: new Date(BEGIN + n * 10_000).toISOString(),
    window_end: new Date(BEGIN + (n + 1) * 10_000).toISOString(),
    labels: { country: 'US', ad_format: 'banner' },
    measures: { ctr },
    final: true,
    events: 100,
    corrections: 0,
    version: '10',
    ...change,
  };
}

export function alert(id: string, change: Partial<AlertEvent> = {}): AlertEvent {
  return {
    alert_id: id,
    alert_time: '2026-01-01T00:01:00.000Z',
    alert_type: 'ctr_drop',
    severity: 'medium',
    metric_name: 'CTR',
    current_value: 0.5,
    expected_value: 2,
    deviation_percent: -75,
    message: 'CTR drop',
    status: 'firing',
    repeat: 0,
    pipeline: 'demo',
    detector: 'ema-threshold',
    measure: 'ctr',
    unit: '%',
    direction: 'down',
    window: '10s',
    window_start: '2026-01-01T00:00:50.000Z',
    window_end: '2026-01-01T00:01:00.000Z',
    labels: { country: 'US', ad_format: 'banner' },
    series: 'ctr{country="US",ad_format="banner"}',
    since: '2026-01-01T00:00:50.000Z',
    explanation: { text: '', observed: 0.5, expected: 2, ratio: 0.25, baseline: { windows: 9 }, threshold: 1, not_fired_if: '' },
    likely_causes: [],
    runbook: null,
    impact: null,
    ...change,
  };
}

/** A clock that stands still until it is told to go on. */
export function handClock(): Clock & { pass(ms: number): void } {
  let time = BEGIN;
  let waiting: { at: number; callback: () => void }[] = [];
  return {
    now: () => time,
    after: (ms, callback) => {
      const entry = { at: time + ms, callback };
      waiting.push(entry);
      return () => (waiting = waiting.filter((each) => each !== entry));
    },
    pass: (ms) => {
      const until = time + ms;
      for (;;) {
        const next = waiting.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        waiting = waiting.filter((each) => each !== next);
        time = next.at;
        next.callback();
      }
      time = until;
    },
  };
}
