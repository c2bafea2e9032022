/** How the monitor's state is named and written: `monitor/<pipeline>/...`, JSON. */
import type { AlertState } from '../../alerts/state-machine.ts';
import type { Labels } from '../../core/labels.ts';
import type { Detector, Direction, KeyCount } from '../../detectors/detector.ts';
import type { StateChange } from '../../log/log.ts';

/** What a detector's state was written under. */
export interface StateMark {
  /** Version of `state`. */
  readonly v: number;
  /** The detector's `stateSettings`; absent where it has none, or did not tell them yet. */
  readonly settings?: string;
  /** `meaningOf` its measure; absent where it was not noted yet. */
  readonly measure?: string;
}

/** Of one series of one detect entry. */
export interface SeriesRecord extends StateMark {
  /** End of the last window in which the series had a row, epoch ms. */
  readonly seen: number;
  /** The detector's own, in the form that it is written in: plain JSON, or bytes. */
  readonly state?: unknown;
  readonly alerts?: { readonly [direction in Direction]?: AlertState };
}

/** A first final row of a window not closed yet: what the detectors will want of it. */
export interface OpenRow {
  readonly labels: Labels;
  readonly end: number;
  /** Of each watched measure. */
  readonly values: Readonly<Record<string, RowValues>>;
}

/** `amount` and `exposure` are the measure's parts; null for a measure that has none. `keys`: of heavy hitters. */
export type RowValues = readonly [
  value: number | null,
  volume: number,
  amount: number | null,
  exposure: number | null,
  keys?: readonly KeyCount[],
];

/** What a key names. `entry` is [detector, measure, window]; labels as in `labelsKey`. */
export type StateName =
  | { readonly kind: 'closed'; readonly window: string }
  | { readonly kind: 'open'; readonly window: string; readonly startMs: number; readonly labelsKey: string }
  | { readonly kind: 'series'; readonly entry: readonly string[]; readonly labelsKey: string }
  | { readonly kind: 'shared'; readonly entry: readonly string[]; readonly over: string };

export interface StateBook {
  /** Until the next `take`, the last value counts; undefined deletes. */
  set(name: StateName, value: unknown): void;
  /**
   * The key of a name, and the bytes of a value, for owners of many that keep count of their changes themselves. Joined, `state`
   * becomes the `state` of the value that was encoded, as it is.
   */
  keyOf(name: StateName): string;
  encode(value: unknown): Uint8Array;
  joined(value: Uint8Array, state: Uint8Array): Uint8Array;
  /** What changed since the last call. */
  take(): StateChange[];
  /** Names and values of entries; undefined for a key that is not of this form. */
  read(entry: readonly [key: string, value: Uint8Array]): { name: StateName; value: unknown } | undefined;
  /** Deletes an entry by its key. */
  drop(key: string): void;
}

/** `measure`: `meaningOf` it. */
export function markOf({ stateVersion, stateSettings }: Detector, measure: string): StateMark {
  return { v: stateVersion, ...(stateSettings !== undefined && { settings: stateSettings }), measure };
}

/** Under other settings, or of another measure, state means something else; what was not noted is taken to be the same. */
export function isSameMeaning(written: StateMark, mark: StateMark): boolean {
  const isSame = (before: string | undefined, now: string | undefined): boolean =>
    before === undefined || now === undefined || before === now;
  return isSame(written.settings, mark.settings) && isSame(written.measure, mark.measure);
}

/** A line break: stands in no JSON as it is written here. */
const STATE_MARK = 10;

export function createStateBook(pipeline: string): StateBook {
  const prefix = `monitor/${pipeline}/`;
  const changes = new Map<string, unknown>();
  const decoder = new TextDecoder();
  const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

  return {
    set: (name, value) => void changes.set(prefix + keyOf(name), value),
    keyOf: (name) => prefix + keyOf(name),
    encode,
    joined,
    take() {
      const taken = Array.from(changes, ([key, value]): StateChange => [key, value === undefined ? null : encode(value)]);
      changes.clear();
      return taken;
    },
    read([key, bytes]) {
      const name = key.startsWith(prefix) ? nameOf(key.slice(prefix.length)) : undefined;
      if (!name) return undefined;
      const mark = bytes.indexOf(STATE_MARK);
      if (mark === -1) return { name, value: JSON.parse(decoder.decode(bytes)) };
      return { name, value: { ...JSON.parse(decoder.decode(bytes.subarray(0, mark))), state: bytes.subarray(mark + 1) } };
    },
    drop: (key) => void changes.set(key, undefined),
  };
}

function joined(value: Uint8Array, state: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(value.length + 1 + state.length);
  bytes.set(value);
  bytes[value.length] = STATE_MARK;
  bytes.set(state, value.length + 1);
  return bytes;
}

function keyOf(name: StateName): string {
  switch (name.kind) {
    case 'closed':
      return `closed/${JSON.stringify([name.window])}`;
    case 'open':
      return `open/[${JSON.stringify(name.window)},${name.startMs},${name.labelsKey}]`;
    case 'series':
      return `series/[${JSON.stringify(name.entry)},${name.labelsKey}]`;
    case 'shared':
      return `shared/${JSON.stringify([name.entry, name.over])}`;
  }
}

function nameOf(key: string): StateName | undefined {
  const slash = key.indexOf('/');
  const parts = JSON.parse(key.slice(slash + 1));
  switch (key.slice(0, slash)) {
    case 'closed':
      return { kind: 'closed', window: parts[0] };
    case 'open':
      return { kind: 'open', window: parts[0], startMs: parts[1], labelsKey: JSON.stringify(parts[2]) };
    case 'series':
      return { kind: 'series', entry: parts[0], labelsKey: JSON.stringify(parts[1]) };
    case 'shared':
      return { kind: 'shared', entry: parts[0], over: parts[1] };
    default:
      return undefined;
  }
}

/** The labels that a `labelsKey` was made of. */
export function labelsOfKey(labelsKey: string): Record<string, string> {
  return Object.fromEntries(JSON.parse(labelsKey) as [string, string][]);
}
