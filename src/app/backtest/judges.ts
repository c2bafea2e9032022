/** All settings at work: in this thread, or the detect entries of each spread over several. */
import type { MonitorSpec } from '../../pipeline/monitor/monitor-spec.ts';
import type { BacktestAlert } from '../../server/api.ts';
import { bellOf, BELLS, type Bell } from './bell.ts';
import { createJudge } from './judge.ts';
import { startJudge } from './judge-thread.ts';
import type { RecordColumns } from './record-columns.ts';
import { ALERTS_MAX, type Judged, type JudgedRange } from './rung-alerts.ts';

/** Of one setting. */
export interface Judges {
  observe(columns: RecordColumns): Promise<void> | void;
  judged(): Promise<Judged>;
  stop(): Promise<void>;
}

/** `threads`: how many may be used; 0: this one alone. */
export function createJudges(spec: MonitorSpec, measures: readonly string[], range: JudgedRange, threads: number): Judges {
  const all = spec.detect.map((_, index) => index);
  if (threads < 1 || all.length === 0) {
    const judge = createJudge(spec, measures, range, all);
    return {
      observe: (columns) => judge.observe(columns),
      judged: async () => together([judge.judged()], spec),
      stop: async () => {},
    };
  }
  const parts = Array.from({ length: Math.min(threads, all.length) }, (_, part, of = Math.min(threads, all.length)) =>
    startJudge({ spec, measures, range, entries: all.filter((index) => index % of === part) }),
  );
  return {
    observe: async (columns) => void (await Promise.all(parts.map((part) => part.observe(columns)))),
    judged: async () => together(await Promise.all(parts.map((part) => part.judged())), spec),
    stop: async () => void (await Promise.all(parts.map((part) => part.stop()))),
  };
}

/** The first of them, however many judges kept how many. */
function together(found: readonly Judged[], spec: MonitorSpec): Judged {
  const alerts = inOrder(
    found.flatMap((one) => one.alerts),
    spec,
  );
  const dropped: Record<Bell, number> = { rang: 0, folded: 0, in_cooldown: 0 };
  for (const alert of alerts.splice(ALERTS_MAX)) dropped[bellOf(alert)]++;
  for (const one of found) for (const bell of BELLS) dropped[bell] += one.dropped[bell];
  return { alerts, dropped };
}

/** As they rang: by the end of the window, then as the monitor tells those of one instant. */
function inOrder(alerts: readonly BacktestAlert[], { windows, detect }: MonitorSpec): BacktestAlert[] {
  const windowOf = (alert: BacktestAlert): number => windows.findIndex(({ name }) => name === alert.window);
  const entryOf = (alert: BacktestAlert): number =>
    detect.findIndex(
      ({ detector, measure, window }) => detector === alert.detector && measure === alert.measure && window === alert.window,
    );
  return alerts.toSorted(
    (a, b) => Date.parse(a.alert_time) - Date.parse(b.alert_time) || windowOf(a) - windowOf(b) || entryOf(a) - entryOf(b),
  );
}
