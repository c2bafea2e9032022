/** Two settings side by side: the same episode is paired, however early or late each of them rang. */
import type { BacktestAlert, BacktestBell, BacktestPair } from '../../server/api.ts';
import { bellOf } from './bell.ts';

export function pairsOf(file: readonly BacktestAlert[], set: readonly BacktestAlert[]): BacktestPair[] {
  const waiting = Map.groupBy(set, keyOf);
  const pairs: BacktestPair[] = [];
  for (const alert of file) {
    const others = waiting.get(keyOf(alert)) ?? [];
    const at = others.findIndex((other) => overlap(alert, other));
    const [other] = at === -1 ? [] : others.splice(at, 1);
    pairs.push(pairOf(alert, other));
  }
  for (const others of waiting.values()) for (const other of others) pairs.push(pairOf(undefined, other));
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

/** Another detector on the same measure watches for the same thing. */
function keyOf({ measure, direction, window, series }: BacktestAlert): string {
  return JSON.stringify([measure, direction, window, series]);
}

function overlap(a: BacktestAlert, b: BacktestAlert): boolean {
  const endOf = ({ resolved_time }: BacktestAlert): number => (resolved_time === null ? Infinity : Date.parse(resolved_time));
  return Date.parse(a.since) < endOf(b) && Date.parse(b.since) < endOf(a);
}
