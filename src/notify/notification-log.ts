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
}

/** An alert whose end is owed: alert_time of what was told of it last, epoch ms. */
type Open = Pick<Told, 'timeMs'>;
interface Folded {
  readonly offset: number;
}

/** A notification that could not be delivered. */
export interface GivenUp {
  readonly alert_id: string;
  readonly alert_time: string;
  readonly status: 'firing' | 'resolved';
  readonly message: string;
  readonly reason: string;
  /** ISO 8601 UTC */
  readonly given_up_time: string;
}

export interface NotificationLog {
  /** The first alert event that this receiver is not done with; undefined: it has not begun. */
  next(receiver: string): number | undefined;
  setNext(receiver: string, offset: number): void;
  told(receiver: string, event: AlertEvent): Told | undefined;
  /** That this alert fires. Its end is owed from now on. `oldestMs`: alert_time of the oldest event that the receiver is not done with, epoch ms. */
  setTold(receiver: string, event: AlertEvent, oldestMs: number): void;
  /** When it was last told that this alert fires, where its end is owed: its alert_time, epoch ms. */
  openMs(receiver: string, alertId: string): number | undefined;
  /** Its end is told, or given up. */
  close(receiver: string, alertId: string): void;
  /** Offset of the record by which another alert took this one in while it waited to be told. */
  foldedBy(receiver: string, alertId: string): number | undefined;
  fold(receiver: string, alertId: string, offset: number): void;
  unfold(receiver: string, alertId: string): void;
  /** What is `stale` (decide.ts), each alert as it was heard of last. */
  held(receiver: string): Iterable<AlertEvent>;
  hold(receiver: string, event: AlertEvent): void;
  /** Firing alerts that a silence kept back, each as it was told of last. */
  silenced(receiver: string): Iterable<AlertEvent>;
  hasSilenced(receiver: string): boolean;
  keepSilenced(receiver: string, event: AlertEvent): void;
  /** Whether it is held or silenced. */
  isWaiting(receiver: string, alertId: string): boolean;
  /** Neither held nor silenced any more. */
  release(receiver: string, alertId: string): void;
  /** No alert that fires is held or silenced any more. Ends stay ends. */
  releaseFiring(receiver: string): void;
  giveUp(receiver: string, event: AlertEvent, reason: string, nowMs: number): void;
  take(): StateChange[];
  restore(entries: Iterable<readonly [key: string, value: Uint8Array]>): void;
}

export interface NotificationLogSettings {
  readonly pipeline: string;
  readonly cooldownMs: number;
  /** Per receiver, of each kind but those given up; beyond it the oldest are forgotten. */
  readonly maxEntries: number;
}

/** Per receiver. */
const GIVEN_UP_MAX = 100;

type Kind = 'told' | 'open' | 'folded' | 'held' | 'silenced' | 'given-up';

export function createNotificationLog(settings: NotificationLogSettings): NotificationLog {
  const prefix = notifyStatePrefix(settings.pipeline);
  const changes = new Map<string, unknown>();
  /** By receiver; the entry told of last stands last. */
  const toldBy = new Map<string, Map<string, Told>>();
  const openBy = new Map<string, Map<string, Open>>();
  const foldedBy = new Map<string, Map<string, Folded>>();
  const heldBy = new Map<string, Map<string, AlertEvent>>();
  const silencedBy = new Map<string, Map<string, AlertEvent>>();
  const givenUpBy = new Map<string, Map<string, GivenUp>>();
  const nextBy = new Map<string, number>();

  function put<T>(kind: Kind, all: Map<string, Map<string, T>>, receiver: string, key: string, value: T | undefined): void {
    const entries = all.get(receiver) ?? new Map<string, T>();
    all.set(receiver, entries);
    const known = entries.delete(key);
    if (value !== undefined) entries.set(key, value);
    if (known || value !== undefined) changes.set(`${prefix}${kind}/${JSON.stringify([receiver, key])}`, value);
    const [oldest] = entries.keys();
    const most = kind === 'given-up' ? GIVEN_UP_MAX : settings.maxEntries;
    if (entries.size > most && oldest !== undefined) put(kind, all, receiver, oldest, undefined);
  }

  /** Drops from the front what no cooldown waits for any more, that of an event that is read again after a restart neither. */
  function forgetOver(receiver: string, oldestMs: number): void {
    for (const [key, { timeMs }] of toldBy.get(receiver) ?? []) {
      if (oldestMs - timeMs < settings.cooldownMs) return;
      put('told', toldBy, receiver, key, undefined);
    }
  }

  function release(receiver: string, alertId: string): void {
    put('held', heldBy, receiver, alertId, undefined);
    put('silenced', silencedBy, receiver, alertId, undefined);
  }

  return {
    next: (receiver) => nextBy.get(receiver),
    setNext(receiver, offset) {
      nextBy.set(receiver, offset);
      changes.set(`${prefix}next/${JSON.stringify([receiver])}`, { offset });
    },
    told: (receiver, event) => toldBy.get(receiver)?.get(segmentKey(event)),
    setTold(receiver, event, oldestMs) {
      const timeMs = Date.parse(event.alert_time);
      put('told', toldBy, receiver, segmentKey(event), { alertId: event.alert_id, timeMs });
      put('open', openBy, receiver, event.alert_id, { timeMs });
      forgetOver(receiver, Math.min(oldestMs, timeMs));
    },
    openMs: (receiver, alertId) => openBy.get(receiver)?.get(alertId)?.timeMs,
    close: (receiver, alertId) => put('open', openBy, receiver, alertId, undefined),
    foldedBy: (receiver, alertId) => foldedBy.get(receiver)?.get(alertId)?.offset,
    fold: (receiver, alertId, offset) => put('folded', foldedBy, receiver, alertId, { offset }),
    unfold: (receiver, alertId) => put('folded', foldedBy, receiver, alertId, undefined),
    held: (receiver) => heldBy.get(receiver)?.values() ?? [],
    hold: (receiver, event) => put('held', heldBy, receiver, event.alert_id, event),
    silenced: (receiver) => silencedBy.get(receiver)?.values() ?? [],
    hasSilenced: (receiver) => (silencedBy.get(receiver)?.size ?? 0) > 0,
    keepSilenced: (receiver, event) => put('silenced', silencedBy, receiver, event.alert_id, event),
    isWaiting: (receiver, alertId) => heldBy.get(receiver)?.has(alertId) === true || silencedBy.get(receiver)?.has(alertId) === true,
    release,
    releaseFiring(receiver) {
      for (const waiting of [heldBy, silencedBy]) {
        for (const { alert_id: id, status } of waiting.get(receiver)?.values() ?? []) if (status === 'firing') release(receiver, id);
      }
    },
    giveUp(receiver, event, reason, nowMs) {
      const { alert_id, alert_time, status, message } = event;
      const given_up_time = new Date(nowMs).toISOString();
      put('given-up', givenUpBy, receiver, `${alert_id}/${status}`, { alert_id, alert_time, status, message, reason, given_up_time });
    },
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
      const told: [receiver: string, key: string, told: Told & { readonly resolved?: boolean }][] = [];
      const open: [receiver: string, key: string, open: Open][] = [];
      const givenUp: [receiver: string, key: string, givenUp: GivenUp][] = [];
      const waiting: [kind: 'held' | 'silenced', receiver: string, event: AlertEvent][] = [];
      for (const entry of entries) {
        const { kind, receiver, key, value } = parseEntry(prefix, entry);
        if (kind === 'next') nextBy.set(receiver, (value as { offset: number }).offset);
        else if (kind === 'told') told.push([receiver, key, value as Told]);
        else if (kind === 'open') open.push([receiver, key, value as Open]);
        else if (kind === 'folded') put(kind, foldedBy, receiver, key, value as Folded);
        else if (kind === 'given-up') givenUp.push([receiver, key, value as GivenUp]);
        else if (kind === 'held' || kind === 'silenced') waiting.push([kind, receiver, value as AlertEvent]);
      }
      waiting.sort((a, b) => a[2].alert_time.localeCompare(b[2].alert_time));
      for (const [kind, receiver, event] of waiting) put(kind, kind === 'held' ? heldBy : silencedBy, receiver, event.alert_id, event);
      for (const [receiver, key, value] of told.sort((a, b) => a[2].timeMs - b[2].timeMs)) put('told', toldBy, receiver, key, value);
      for (const [receiver, key, value] of open.sort((a, b) => a[2].timeMs - b[2].timeMs)) put('open', openBy, receiver, key, value);
      givenUp.sort((a, b) => a[2].given_up_time.localeCompare(b[2].given_up_time));
      for (const [receiver, key, value] of givenUp) put('given-up', givenUpBy, receiver, key, value);
      changes.clear();
      // Earlier versions noted with the last bell whether its end is owed.
      for (const [receiver, key, { alertId, timeMs, resolved }] of told) {
        if (resolved === undefined) continue;
        put('told', toldBy, receiver, key, { alertId, timeMs });
        if (!resolved) put('open', openBy, receiver, alertId, { timeMs });
      }
    },
  };
}

/** Of the committed state of a pipeline (keys that start with `notify/<pipeline>/`): what each receiver was given up on, oldest first. */
export function readGivenUp(
  pipeline: string,
  entries: Iterable<readonly [key: string, value: Uint8Array]>,
): (GivenUp & { readonly receiver: string })[] {
  return [...entries]
    .map((entry) => parseEntry(notifyStatePrefix(pipeline), entry))
    .filter(({ kind }) => kind === 'given-up')
    .map(({ receiver, value }) => ({ receiver, ...(value as GivenUp) }))
    .sort((a, b) => a.given_up_time.localeCompare(b.given_up_time));
}

export function notifyStatePrefix(pipeline: string): string {
  return `notify/${pipeline}/`;
}

function parseEntry(prefix: string, [key, bytes]: readonly [key: string, value: Uint8Array]) {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const [kind = ''] = key.slice(prefix.length).split('/', 1);
  const name = key.slice(prefix.length + kind.length + 1);
  const [receiver = '', entry = ''] = name === '' ? [] : (JSON.parse(name) as string[]);
  return { kind, receiver, key: entry, value };
}

/** One bell per segment and kind of alert, whichever detector or window size rang it. */
export function segmentKey(event: AlertEvent): string {
  return createHash('sha256')
    .update(JSON.stringify([labelsKey(event.labels), event.alert_type]))
    .digest('base64url')
    .slice(0, 22);
}
