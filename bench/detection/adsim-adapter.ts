/**
 * The adapter that AdSim's `score.mjs --detector` takes: impressions, clicks and revenue of a segment, minute by minute, to
 * the detector `evidence` with the settings of the ad-tech pipeline. Only product code decides; rows come one at a time.
 */
import { createEvidenceRows } from '../../src/detectors/evidence/rows.ts';
import type { Direction } from '../../src/detectors/detector.ts';
import type { EvidenceRows } from '../../src/detectors/evidence/rows.ts';

interface Options {
  readonly segments: number;
  readonly falseAlarmsPerDay: number;
  readonly windowMs: number;
}

interface Row {
  readonly impressions: number;
  readonly clicks: number;
  readonly revenue: number;
}

interface Alarm {
  readonly type: 'ctr_drop' | 'ctr_spike' | 'traffic_spike' | 'traffic_drop' | 'revenue_drop';
}

const NONE: readonly Alarm[] = [];
const CODES = { down: 1, up: 2 } as const;

export function createDetector({ segments, falseAlarmsPerDay, windowMs }: Options) {
  // Five tests a segment: CTR and traffic both ways, revenue per impression down.
  const share = { windowMs, series: segments, falseAlarmsPerDay, tests: 5 };
  const ctr = createEvidenceRows({ ...share, adds: 'events', hasExposure: true, down: 0.5, up: 1 });
  const traffic = createEvidenceRows({ ...share, adds: 'events', hasExposure: false, down: 0.5, up: 2 });
  const revenue = createEvidenceRows({ ...share, adds: 'amounts', hasExposure: true, down: 0.5 });

  const rang = [ctr, traffic, revenue].map(() => new Uint8Array(segments));

  /** An alarm is told in the minute in which it rings; that it goes on, also after a gap in the data, is no news. */
  function begins(test: number, segment: number, direction: Direction | undefined): boolean {
    const code = direction === undefined ? 0 : CODES[direction];
    const before = rang[test]![segment];
    rang[test]![segment] = code;
    return code !== 0 && code !== before;
  }

  function observe(segment: number, minute: number, { impressions, clicks, revenue: money }: Row): readonly Alarm[] {
    const inClicks = ctr.observe(segment, minute, clicks, impressions);
    const inTraffic = traffic.observe(segment, minute, impressions, 1);
    const inMoney = revenue.observe(segment, minute, money, impressions);
    const clicksBegin = begins(0, segment, inClicks);
    const trafficBegins = begins(1, segment, inTraffic);
    const moneyBegins = begins(2, segment, inMoney);
    if (!clicksBegin && !trafficBegins && !moneyBegins) return NONE;
    const alarms: Alarm[] = [];
    if (clicksBegin) alarms.push({ type: inClicks === 'down' ? 'ctr_drop' : 'ctr_spike' });
    if (trafficBegins) alarms.push({ type: inTraffic === 'down' ? 'traffic_drop' : 'traffic_spike' });
    if (moneyBegins) alarms.push({ type: 'revenue_drop' });
    return alarms;
  }

  const bytes = (rows: EvidenceRows): number => rows.stateBytes;
  return { observe, stateBytesPerSegment: () => [ctr, traffic, revenue].map(bytes).reduce((sum, each) => sum + each, 0) };
}
