/**
 * From when on windows are whole in a new revision, epoch ms. Those that begin before are not given out by it: what an older one made of them
 * stays.
 *
 * A partition that is read from its first record on, offset 0, is whole. Where records are left out, as they are skipped or as retention has
 * taken them, it is whole since the first one that is read arrived. Where that one is still to come, since the last one left out arrived;
 * where that one is gone too, behind the newest time that was counted of it. Windows are whole when all partitions are.
 *
 * - `earliest`, or an offset: that is all.
 * - A time of arrival: from then on. Later where the log begins behind it: then nobody knows what retention has taken.
 * - `latest`: nor before all that was counted is over, as an event may be ahead of its arrival.
 * - Going on: nothing is left out, but what was counted has no part in the new windows. They are whole behind it.
 *
 * Arrival says nothing of windows where delays are told by event time. There `earliest` has to be the first record, a time is taken at its
 * word, and `latest` is as going on.
 */
import { AppError } from '../core/errors.ts';
import type { Log } from '../log/log.ts';
import type { ClockMode } from '../windows/partition.ts';
import type { PartitionMeta } from '../windows/snapshot.ts';
import { fromStateEntries } from './state-codec.ts';

/** An end of the topics, an append time (epoch ms), or an offset of each input partition. */
export type ReadFrom = 'earliest' | 'latest' | number | { readonly offset: number };

export interface CountedInput {
  readonly topic: string;
  readonly partition: number;
  /** `ad-events/0` */
  readonly name: string;
  /** As `newestCounted`; asked only where it matters. */
  readonly counted: () => Promise<number>;
}

export interface Reading {
  readonly pipeline: string;
  /** Undefined: it goes on where it is. */
  readonly from: ReadFrom | undefined;
  /** By input partition, the first offset that is read; of no use where it goes on. */
  readonly offsets: Readonly<Record<string, number>>;
  /** Which time tells delays. */
  readonly clock: ClockMode;
  /** As it was for the revision before: what was not whole in that one is no better by going on. */
  readonly before: number;
}

type Records = Pick<Log, 'bounds' | 'read'>;

const ONE_RECORD = { maxBytes: 1, maxRecords: 1 };
const SOME_RECORDS = { maxBytes: 1 << 20 };

/** -Infinity: all are whole. @throws AppError `usage` where nobody can tell */
export async function completeFrom(log: Records, inputs: readonly CountedInput[], reading: Reading): Promise<number> {
  const { from, offsets, clock, before } = reading;
  if (from === undefined || (from === 'latest' && clock === 'event')) return behindCounted(inputs, before);
  if (typeof from === 'number' && clock === 'event') return from;
  let whole = typeof from === 'number' ? from : from === 'latest' ? await behindCounted(inputs, before) : -Infinity;
  for (const input of inputs) {
    const first = offsets[input.name]!;
    const { start, end } = await log.bounds(input.topic, input.partition);
    if (Math.max(first, start) === 0 || (typeof from === 'number' && first > start)) continue;
    if (clock === 'event') throw untold(reading, input, Math.max(first, start));
    whole = Math.max(whole, await wholeSince(log, input, { first, start, end, before }));
  }
  return whole;
}

/** For people, where some are not whole. */
export function incompleteText(pipeline: string, whole: number): string {
  return `pipeline ${pipeline}: windows that begin before ${new Date(whole).toISOString()} are not whole in what is read; they stay as they are`;
}

/**
 * The newest time that a partition has counted anything at, epoch ms; -Infinity where it has not. Counts of outcomes stand at the time of
 * arrival, so a pane may begin after the newest event. `now`: where that time is a producer's word, whose clock may be ahead; one such record
 * must not keep back the windows of all that time.
 */
export async function newestCounted(log: Pick<Log, 'state'>, prefix: string, now = Infinity): Promise<number> {
  const meta = fromStateEntries(prefix, await log.state(`${prefix}meta`)).find(([key]) => key === 'meta')?.[1] as PartitionMeta | undefined;
  const panes = `${prefix}pane/`;
  const starts = (await log.state(panes)).map(([key]) => Number(key.slice(panes.length)));
  return starts.filter((start) => start <= now).reduce((a, b) => Math.max(a, b), meta?.maxTime ?? -Infinity);
}

async function behindCounted(inputs: readonly CountedInput[], before: number): Promise<number> {
  let behind = before;
  for (const { counted } of inputs) behind = Math.max(behind, (await counted()) + 1);
  return behind;
}

/** Of a partition of which records are left out. */
async function wholeSince(
  log: Records,
  { topic, partition, counted }: CountedInput,
  { first, start, end, before }: { readonly first: number; readonly start: number; readonly end: number; readonly before: number },
): Promise<number> {
  const next = first < end ? await log.read(topic, partition, first, ONE_RECORD) : undefined;
  if (next) return next.appendTimes[0]!;
  const last = await lastArrival(log, { topic, partition }, start, end);
  if (last !== undefined) return last + 1;
  const newest = await counted();
  // It was read anew since: what was counted of it before is not known any more.
  return newest === -Infinity ? before : newest + 1;
}

/** Undefined where no record is left. At the end may stand marks of transactions, which have offsets and are no records: it is looked further back. */
async function lastArrival(
  log: Records,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  start: number,
  end: number,
): Promise<number | undefined> {
  if (start >= end) return undefined;
  for (let back = 1; ; back *= 2) {
    const from = Math.max(start, end - back);
    let last: number | undefined;
    for (let offset = from; offset < end;) {
      const batch = await log.read(topic, partition, offset, SOME_RECORDS);
      if (!batch || batch.firstOffset >= end) break;
      last = batch.appendTimes[Math.min(batch.count, end - batch.firstOffset) - 1];
      offset = batch.firstOffset + batch.count;
    }
    if (last !== undefined || from === start) return last;
  }
}

function untold({ pipeline }: Reading, { name }: CountedInput, first: number): AppError {
  return new AppError(
    'usage',
    `pipeline ${pipeline}: ${name} can be read from offset ${first} on, as the log does not have the records before it any more. By event time nobody can ` +
      'tell which windows these were in, and what is left of a window would take the place of the whole one. Choose:\n' +
      '  --clock append               times of arrival tell it\n' +
      '  tocsin run --new-revision    go on from here; windows begun before now are left as they are\n' +
      '  another --data directory',
  );
}
