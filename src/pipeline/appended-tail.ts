/**
 * On a log without transactions an appended record may outlive the commit that it was part of. What follows from a log is the same in
 * every life, so the next one looks at the end of the topic and leaves out what already stands there.
 */
import { keyAt, recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { KeyedText } from './appends.ts';

export interface AppendedTail {
  /** Without those that an earlier life appended and could not note, each as often as it stands there. */
  missing(records: readonly KeyedText[]): KeyedText[];
  /** What an earlier life appended and could not note, and what others appended since. */
  texts(): string[];
  /** What was appended up to here is part of a commit. */
  noted(next: number): void;
  /** All that an earlier life had appended has come again, or is given up. */
  readonly isSettled: boolean;
  /** Gives up those that belong to such keys: they do not come again. */
  giveUp(isOver: (key: string) => boolean): void;
  /** State: from here on records may stand on the topic that belong to no commit. */
  readonly next: number;
}

const READ_BYTES = 1 << 20;

/** `from`: as noted with the last commit; undefined where there was none. `isOurs`: by key; what others wrote is read over. */
export async function readAppendedTail(
  log: Pick<Log, 'read' | 'bounds'>,
  topic: string,
  from: number | undefined,
  isOurs: (key: string) => boolean = () => true,
): Promise<AppendedTail> {
  const { end } = await log.bounds(topic, 0);
  /** By text. */
  const left = new Map<string, { readonly key: string; times: number }>();
  let next = from ?? end;
  for (let offset = next; offset < end;) {
    const batch = await log.read(topic, 0, offset, { maxBytes: READ_BYTES, to: end });
    if (!batch) break;
    for (let i = 0; i < batch.count; i++) {
      const key = Buffer.from(keyAt(batch, i) ?? []).toString();
      if (!isOurs(key)) continue;
      const text = Buffer.from(recordAt(batch, i)).toString();
      const same = left.get(text);
      if (same) same.times++;
      else left.set(text, { key, times: 1 });
    }
    offset = batch.firstOffset + batch.count;
  }
  if (left.size === 0) next = end;

  return {
    get next() {
      return next;
    },
    texts: () => [...left.keys()],
    get isSettled() {
      return left.size === 0;
    },
    missing(records) {
      if (left.size === 0) return [...records];
      return records.filter(({ text }) => {
        const same = left.get(text);
        if (same && --same.times === 0) left.delete(text);
        return same === undefined;
      });
    },
    giveUp(isOver) {
      for (const [text, { key }] of left) if (isOver(key)) left.delete(text);
    },
    noted(offset) {
      next = Math.max(next, offset);
    },
  };
}
