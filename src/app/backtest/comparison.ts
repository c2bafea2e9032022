/** Two settings side by side: the same episode is paired, however early or late each of them rang. */
import type { BacktestAlert, BacktestBell, BacktestPair } from '../../server/api.ts';
import { bellOf } from './bell.ts';

export function pairsOf(file: readonly BacktestAlert[], set: readonly BacktestAlert[]): BacktestPair[] {
  const pairs: BacktestPair[] = [];
  const left = { file, set };
  // Of several detectors on a measure each is held against itself. What is left may be watched by another one with the other settings.
  for (const keyOf of [sameDetector, sameMeasure]) {
    const waiting = Map.groupBy(left.set, keyOf);
    left.file = left.file.filter((alert) => {
      const others = waiting.get(keyOf(alert)) ?? [];
      const at = others.findIndex((other) => overlap(alert, other));
      if (at === -1) return true;
      pairs.push(pairOf(alert, others.splice(at, 1)[0]));
      return false;
    });
    left.set = [...waiting.values()].flat();
  }
  pairs.push(...left.file.map((alert) => pairOf(alert, undefined)), ...left.set.map((other) => pairOf(undefined, other)));
  // What rings with neither setting is no difference between them.
  return pairs.filter((pair) => isBell(pair.file) || isBell(pair.set)).sort((a, b) => timeOf(a) - timeOf(b));
}

function pairOf(file: BacktestAlert | undefined, set: BacktestAlert | undefined): BacktestPair {
  const { alert_type, series } = (file ?? set)!;
  return { alert_type, series, file: sideOf(file), set: sideOf(set) };
}

function sideOf(alert: BacktestAlert | undefined): BacktestBell | null {
  if (!alert) return null;
  const bell = bellOf(alert);
  return { alert_id: alert.alert_id, alert_time: alert.alert_time, folded: bell === 'folded', in_cooldown: bell === 'in_cooldown' };
}

function isBell(bell: BacktestBell | null): boolean {
  return bell !== null && !bell.folded && !bell.in_cooldown;
}

function timeOf({ file, set }: BacktestPair): number {
  return Math.min(...[file, set].map((bell) => (bell ? Date.parse(bell.alert_time) : Infinity)));
}

function sameMeasure({ measure, direction, window, series }: BacktestAlert): string {
  return JSON.stringify([measure, direction, window, series]);
}

function sameDetector(alert: BacktestAlert): string {
  return `${alert.detector} ${sameMeasure(alert)}`;
}

function overlap(a: BacktestAlert, b: BacktestAlert): boolean {
  const endOf = ({ resolved_time }: BacktestAlert): number => (resolved_time === null ? Infinity : Date.parse(resolved_time));
  return Date.parse(a.since) < endOf(b) && Date.parse(b.since) < endOf(a);
}
