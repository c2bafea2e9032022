/**
 * Alerts of limits that fire, as they were told. No revision clears them: each ends under the id under which it began, whatever windows the
 * file has since, and it ends too where what would end it is gone: its partition is read no more, or was read again and did not go beyond.
 */
import type { Log, StateChange } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { LimitKind, LimitSpan } from '../windows/limit-episodes.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

export interface LimitNews extends LimitSpan {
  /** Of an end: the alert as it began; absent where an earlier version told it. */
  readonly told?: AlertEvent;
  /** Of an end that nobody judged. */
  readonly isUnwatched?: true;
}

/** What is recorded of a partition that has more segments than `max_series`, or ids than `max_ids`, or has had. */
export type TellLimit = (kind: LimitKind, partition: string, news: LimitNews) => readonly AlertEvent[];

/** A partition as it is read in this revision. */
export interface LimitsRead {
  /** Up to here. */
  readonly offset: number;
  /** What is known to be told of its limits. */
  readonly told: Partial<Record<LimitKind, LimitSpan>>;
}

export interface LimitBook {
  /** What is to be recorded of this news, where the partition is read up to this offset; nothing of an alert that fires already. */
  tell(kind: LimitKind, partition: string, span: LimitSpan, offset: number): readonly AlertEvent[];
  /**
   * The ends of those that nothing else ends, once windows close behind where they began. `readOf`: undefined for a partition that is not
   * read. `frontier`: windows that end up to here are final, epoch ms.
   */
  endLeft(readOf: (partition: string) => LimitsRead | undefined, frontier: number): readonly AlertEvent[];
  takeStateChanges(): StateChange[];
}

interface Firing {
  readonly kind: LimitKind;
  readonly partition: string;
  /** Of its span, epoch ms. */
  readonly since: number;
  /** The partition was read up to here when it was told: who has read that far again has come by what it is about. */
  readonly offset: number;
  readonly alert: AlertEvent;
}

/** Goes on with the state of an earlier life. */
export async function openLimitBook(pipeline: string, log: Pick<Log, 'state'>, tellLimit: TellLimit): Promise<LimitBook> {
  const prefix = `limit-alert/${pipeline}/`;
  const firing = new Map(fromStateEntries(prefix, await log.state(prefix)) as [string, Firing][]);
  const changed = new Set<string>();

  function set(key: string, now: Firing): void {
    firing.set(key, now);
    changed.add(key);
  }

  function drop(key: string): void {
    if (firing.delete(key)) changed.add(key);
  }

  function isStanding({ kind, partition, since, offset }: Firing, readOf: (partition: string) => LimitsRead | undefined): boolean {
    const read = readOf(partition);
    if (read === undefined) return false;
    const told = read.told[kind];
    return read.offset < offset || (told?.since === since && told.endedAt === undefined);
  }

  return {
    tell(kind, partition, span, offset) {
      const key = `${kind}/${span.since}/${partition}`;
      const before = firing.get(key);
      if (span.endedAt !== undefined) {
        drop(key);
        return tellLimit(kind, partition, { ...span, ...(before && { told: before.alert }) });
      }
      if (before) return [];
      const alerts = tellLimit(kind, partition, span);
      const [alert] = alerts;
      if (alert) set(key, { kind, partition, since: span.since, offset, alert });
      return alerts;
    },
    endLeft(readOf, frontier) {
      const left = [...firing].filter(([, each]) => frontier > each.since && !isStanding(each, readOf));
      // In one order, whatever the order of the state.
      left.sort(([a], [b]) => (a < b ? -1 : 1));
      return left.flatMap(([key, { kind, partition, since, alert }]) => {
        drop(key);
        return tellLimit(kind, partition, { since, endedAt: frontier - 1, told: alert, isUnwatched: true });
      });
    },
    takeStateChanges() {
      const changes = [...changed].map((key) => [key, firing.get(key) ?? null] as const);
      changed.clear();
      return toStateChanges(prefix, changes);
    },
  };
}
