/**
 * Where in a windows topic the rows of a time stand, so that a request reads only those parts of the log. Built at the first
 * request, piece by piece between other work, and carried on at each further one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { recordAt } from '../../log/batch.ts';
import type { Log, RecordBatch } from '../../log/log.ts';
import { parseWindowRecord } from '../../windows/parse-row.ts';
import type { WindowRecord } from '../../windows/row.ts';

export interface WindowIndex {
  /**
   * Records of the window that start in [from, to) (epoch ms), in the log's order: rows of every version and origin. `visit` may
   * stop it by returning false.
   */
  read(window: string, from: number, to: number, visit: (record: WindowRecord) => boolean): Promise<void>;
  /** Whether rows of another origin than '' (replays, late partitions) may be among those: it reads nothing of the log that it has seen. */
  hasOtherOrigins(window: string, from: number, to: number): Promise<boolean>;
  /** Start of the newest window in the topic, epoch ms; -Infinity where there is none. */
  newest(window: string): Promise<number>;
  /** Windows that begin from this instant on stand whole in the topic, epoch ms: retention has taken nothing of them. */
  wholeFrom(): Promise<number>;
}

type Starts = Map<string, { least: number; most: number }>;

/** A stretch of the topic with the starts in it, by window; `others`: of rows of another origin than ''. */
interface Stretch {
  readonly first: number;
  end: number;
  readonly starts: Starts;
  readonly others: Starts;
}

const READ_BYTES = 256 << 10;
const STRETCH_RECORDS = 1_000;
/** Where window and origin of a record stand; one with longer names is read whole. */
const [HEAD_BYTES, END_BYTES] = [300, 500];

export function createWindowIndex(log: Log, topic: string): WindowIndex {
  let stretches: Stretch[] = [];
  let extending: Promise<void> = Promise.resolve();
  /** What the topic that begins at `start` has whole. */
  let whole = { start: 0, from: -Infinity };

  async function extend(): Promise<void> {
    const { start, end } = await log.bounds(topic, 0);
    stretches = stretches.filter((stretch) => stretch.end > start);
    for await (const batch of pieces(stretches.at(-1)?.end ?? start, end)) {
      let stretch = stretches.at(-1);
      if (!stretch || stretch.end !== batch.firstOffset || stretch.end - stretch.first >= STRETCH_RECORDS) {
        stretches.push((stretch = { first: batch.firstOffset, end: batch.firstOffset, starts: new Map(), others: new Map() }));
      }
      for (let i = 0; i < batch.count; i++) {
        const place = placeOf(batch, i);
        if (!place) continue;
        widen(stretch.starts, place.window, place.at);
        if (place.isOther) widen(stretch.others, place.window, place.at);
      }
      stretch.end = batch.firstOffset + batch.count;
    }
  }

  async function* pieces(from: number, to: number): AsyncGenerator<RecordBatch> {
    for (let offset = from; offset < to;) {
      const batch = await log.read(topic, 0, offset, { maxBytes: READ_BYTES, maxRecords: to - offset });
      if (!batch || batch.firstOffset >= to) return;
      yield batch;
      offset = batch.firstOffset + batch.count;
      // The embedded log reads in this thread: events and other requests get their turn between two pieces.
      await nextTurn();
    }
  }

  /** One at a time, a failed one does not keep the next from trying. */
  async function upToNow(): Promise<void> {
    const extended = extending.then(extend);
    extending = extended.catch(() => {});
    await extended;
  }

  return {
    async read(window, from, to, visit) {
      await upToNow();
      const wanted = stretches.filter(({ starts }) => isTouched(starts, window, from, to));
      for (const { first, end } of wanted) {
        for await (const batch of pieces(first, end)) {
          for (let i = 0; i < batch.count; i++) {
            const record = recordOf(batch, i);
            if (record?.window !== window) continue;
            const at = Date.parse(record.window_start);
            if (at >= from && at < to && !visit(record)) return;
          }
        }
      }
    },

    async hasOtherOrigins(window, from, to) {
      await upToNow();
      return stretches.some(({ others }) => isTouched(others, window, from, to));
    },

    async newest(window) {
      await upToNow();
      return stretches.reduce((most, { starts }) => Math.max(most, starts.get(window)?.most ?? -Infinity), -Infinity);
    },

    async wholeFrom() {
      const { start, end } = await log.bounds(topic, 0);
      if (start === whole.start) return whole.from;
      for await (const batch of pieces(start, end)) {
        for (let i = 0; i < batch.count; i++) {
          const record = recordOf(batch, i);
          // Windows close in the order of their ends.
          if (record?.kind !== 'closed') continue;
          whole = { start, from: Date.parse(record.window_end) };
          return whole.from;
        }
      }
      return Infinity;
    },
  };
}

function widen(starts: Starts, window: string, at: number): void {
  const known = starts.get(window);
  if (!known) starts.set(window, { least: at, most: at });
  else {
    known.least = Math.min(known.least, at);
    known.most = Math.max(known.most, at);
  }
}

function isTouched(starts: Starts, window: string, from: number, to: number): boolean {
  const found = starts.get(window);
  return found !== undefined && found.most >= from && found.least < to;
}

const HEAD = /^\{"kind":"row","pipeline":"[^"\\]*","window":"([^"\\]*)","window_start":"([^"\\]*)"/;
const MAIN_ROW_END = /,"origin":"","partitions":\[[^\]]*\],"idle":\[[^\]]*\]\}$/;

/** Most records are main rows as we write them: of those head and end are read, which takes a small part of the time of all. */
function placeOf(batch: RecordBatch, i: number): { readonly window: string; readonly at: number; readonly isOther: boolean } | undefined {
  const bytes = recordAt(batch, i);
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const [, window, start] = HEAD.exec(record.toString('latin1', 0, HEAD_BYTES)) ?? [];
  const end = record.toString('latin1', Math.max(0, record.length - END_BYTES));
  if (window !== undefined && start !== undefined && MAIN_ROW_END.test(end)) return { window, at: Date.parse(start), isOther: false };
  const whole = recordOf(batch, i);
  return whole && { window: whole.window, at: Date.parse(whole.window_start), isOther: whole.kind === 'row' && whole.origin !== '' };
}

/** Undefined: another hand's. */
function recordOf(batch: RecordBatch, i: number): WindowRecord | undefined {
  return parseWindowRecord(Buffer.from(recordAt(batch, i)).toString());
}
