/** What each receiver has been told, bounded in size: so that a restart rings nothing twice, and a cooldown outlives it. */
import { createHash } from 'node:crypto';
import { labelsKey } from '../core/labels.ts';
import type { StateChange } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';

/** The last alert of one segment and alert type that a receiver was told of. */
export interface Told {
  readonly alertId: string;
  /** Its alert_time, epoch ms. */
  readonly timeMs: number;
  /** Its end is told, or need not be. */
  readonly resolved: boolean;
}

export interface NotificationLog {
  /** Offset of the last alert event that was dealt with; -1: none. */
  doneUpTo(): number;
  setDone(offset: number): void;
  told(receiver: string, event: AlertEvent): Told | undefined;
  setTold(receiver: string, event: AlertEvent, told: Told): void;
  /** Firing alerts too old to be told when they arose. */
  held(receiver: string): AlertEvent[];
  hold(receiver: string, event: AlertEvent): void;
  release(receiver: string, alertId: string): void;
  take(): StateChange[];
  restore(entries: Iterable<readonly [key: string, value: Uint8Array]>): void;
}

export interface NotificationLogSettings {
  readonly pipeline: string;
  readonly cooldownMs: number;
  /** Per receiver, of each kind; beyond it the oldest are forgotten. */
  readonly maxEntries: number;
}

/** An episode that has not been heard of for this long is taken for over. */
const FORGET_AFTER_MS = 7 * 86_400_000;

export function createNotificationLog(settings: NotificationLogSettings): NotificationLog {
  const prefix = `notify/${settings.pipeline}/`;
  const changes = new Map<string, unknown>();
  /** By receiver; the entry told of last stands last. */
  const toldBy = new Map<string, Map<string, Told>>();
  const heldBy = new Map<string, Map<string, AlertEvent>>();
  let done = -1;

  function put<T>(kind: 'told' | 'held', all: Map<string, Map<string, T>>, receiver: string, key: string, value: T | undefined): void {
    const entries = all.get(receiver) ?? new Map<string, T>();
    all.set(receiver, entries);
    const known = entries.delete(key);
    if (value !== undefined) entries.set(key, value);
    if (known || value !== undefined) changes.set(`${prefix}${kind}/${JSON.stringify([receiver, key])}`, value);
    const [oldest] = entries.keys();
    if (entries.size > settings.maxEntries && oldest !== undefined) put(kind, all, receiver, oldest, undefined);
  }

  /** Drops from the front what no cooldown and no end waits for any more. */
  function forgetOver(receiver: string, nowMs: number): void {
    for (const [key, told] of toldBy.get(receiver) ?? []) {
      const age = nowMs - told.timeMs;
      if (age < (told.resolved ? settings.cooldownMs : Math.max(settings.cooldownMs, FORGET_AFTER_MS))) return;
      put('told', toldBy, receiver, key, undefined);
    }
  }

  return {
    doneUpTo: () => done,
    setDone(offset) {
      done = offset;
      changes.set(`${prefix}done`, { offset });
    },
    told: (receiver, event) => toldBy.get(receiver)?.get(segmentKey(event)),
    setTold(receiver, event, told) {
      put('told', toldBy, receiver, segmentKey(event), told);
      forgetOver(receiver, Date.parse(event.alert_time));
    },
    held: (receiver) => [...(heldBy.get(receiver)?.values() ?? [])],
    hold: (receiver, event) => put('held', heldBy, receiver, event.alert_id, event),
    release: (receiver, alertId) => put('held', heldBy, receiver, alertId, undefined),
    take() {
      const encoder = new TextEncoder();
      const taken = [...changes].map(([key, value]): StateChange => [
        key,
        value === undefined ? null : encoder.encode(JSON.stringify(value)),
      ]);
      changes.clear();
      return taken;
    },
    restore(entries) {
      const decoder = new TextDecoder();
      const told: [receiver: string, key: string, told: Told][] = [];
      for (const [key, bytes] of entries) {
        const value = JSON.parse(decoder.decode(bytes));
        const [kind = ''] = key.slice(prefix.length).split('/', 1);
        const [receiver = '', name = ''] = kind === 'done' ? [] : (JSON.parse(key.slice(prefix.length + kind.length + 1)) as string[]);
        if (kind === 'done') done = (value as { offset: number }).offset;
        else if (kind === 'told') told.push([receiver, name, value as Told]);
        else if (kind === 'held') put('held', heldBy, receiver, name, value as AlertEvent);
      }
      for (const [receiver, name, value] of told.sort((a, b) => a[2].timeMs - b[2].timeMs)) put('told', toldBy, receiver, name, value);
      changes.clear();
    },
  };
}

/** One bell per segment and kind of alert, whichever detector or window size rang it. */
function segmentKey(event: AlertEvent): string {
  return createHash('sha256')
    .update(JSON.stringify([labelsKey(event.labels), event.alert_type]))
    .digest('base64url')
    .slice(0, 22);
}
