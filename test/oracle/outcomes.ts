/** Outcomes of one partition, record after record, each by looking back over everything accepted before it. */
import type { Outcome } from '../../src/core/outcome.ts';
import type { EngineSpec, LookupSpec, SourceSpec, WindowSpec } from '../../src/windows/spec.ts';
import { decode, eventTimeOf, holds, isScalar, lookedUp, own, type Fields, type OracleRecord } from './record.ts';
import { checkOf, numberCheckOf, type Check, type NumberCheck } from './validity.ts';

export interface Verdict {
  readonly outcome: Outcome;
  /** For invalid. */
  readonly reason?: string;
  /** For duplicates: offset of the accepted record that has this id. */
  readonly firstOffset?: number;
  /** For accepted and late records, epoch ms. */
  readonly eventTime?: number;
  /** For accepted and late records: the watermark before this record, epoch ms; undefined before the first accepted one. */
  readonly watermark?: number;
  /** For accepted and late records: start of the earliest-ending window that has it, epoch ms. */
  readonly windowStart?: number;
  /** For accepted records: that window was already final by this partition's watermark. */
  readonly correction?: boolean;
}

/** An accepted event with what it says: the record's fields and those looked up. */
export interface AcceptedEvent {
  readonly offset: number;
  readonly eventTime: number;
  /** Before this event; -Infinity before the first one. */
  readonly watermark: number;
  readonly fields: Fields;
}

/** A record that came, whatever became of it, and when. */
export interface Mark {
  readonly offset: number;
  readonly outcome: Outcome;
  /** Its append time; without append times the newest event time accepted up to it, itself included. Epoch ms. */
  readonly time: number;
  /** At that moment. */
  readonly watermark: number;
}

export interface PartitionJudgement {
  /** Of all records but those that came before there was any time to count them at. */
  readonly marks: readonly Mark[];
  readonly verdicts: readonly Verdict[];
  readonly accepted: readonly AcceptedEvent[];
  /** After the last record; -Infinity where nothing was accepted. */
  readonly watermark: number;
  /** Verdicts of the replays, in their order. */
  readonly replayVerdicts: readonly Verdict[];
  readonly replayed: readonly AcceptedEvent[];
}

/** A record sent in again, judged when the partition had read its first `afterOffset` records. */
export interface OracleReplay extends OracleRecord {
  /** Origin of the dead letter, `topic/partition/offset`. */
  readonly key: string;
  readonly afterOffset: number;
}

export type ClockKind = 'event' | 'append';
const DEFAULT_MAX_AHEAD_MS = 300_000;

export function judgePartition(
  source: SourceSpec,
  { windows, dimensions, measures, limits }: EngineSpec,
  records: readonly OracleRecord[],
  clock: ClockKind,
  replays: readonly OracleReplay[] = [],
): PartitionJudgement {
  const check = checkOf(source, dimensions);
  const checkNumbers = numberCheckOf(source, measures);
  const { event } = source;
  const verdicts: Verdict[] = [];
  const accepted: AcceptedEvent[] = [];
  const marks: Mark[] = [];
  const remembered = new Map<string, { offset: number; eventTime: number }>();
  const limit = createIdLimit(event.dedupMs, limits.maxIds ?? Infinity);
  const replayVerdicts: Verdict[] = [];
  const replayed: AcceptedEvent[] = [];
  const settledKeys = new Set<string>();
  const replayedIds = new Set<unknown>();
  let maxTime = -Infinity;
  let maxEventTime = -Infinity;
  const watermark = () => maxTime - event.outOfOrdernessMs;

  // The last event accepted with an id is remembered longest: watermarks only rise, and one is accepted only once the one before is forgotten.
  const original = (fields: Fields) => {
    if (event.id === undefined) return undefined;
    const found = remembered.get(String(own(fields, event.id)));
    return found && watermark() < found.eventTime + event.dedupMs && !limit.hasForgotten(found.eventTime) ? found : undefined;
  };

  const judge = (record: OracleRecord, offset: number): Verdict => {
    const read = readRecord(source, check, checkNumbers, limits.maxRecordBytes, record);
    if ('outcome' in read) return read;
    const { eventTime, fields } = read;
    if (clock === 'append' && eventTime > record.appendTime + (event.maxAheadMs ?? DEFAULT_MAX_AHEAD_MS))
      return { outcome: 'invalid', reason: 'future' };
    if (clock === 'event' && event.maxAheadMs !== undefined && accepted.length > 0 && eventTime > maxEventTime + event.maxAheadMs) {
      return { outcome: 'invalid', reason: 'future' };
    }
    const first = original(fields);
    if (first) return { outcome: 'duplicate', firstOffset: first.offset };
    const before = watermark();
    const { start, end } = earliestWindow(windows, eventTime);
    const seen = { eventTime, windowStart: start, ...(before === -Infinity ? {} : { watermark: before }) };
    if (end + event.allowedLatenessMs <= before) return { outcome: 'late', ...seen };
    accepted.push({ offset, eventTime, watermark: before, fields });
    if (event.id !== undefined) {
      remembered.set(String(own(fields, event.id)), { offset, eventTime });
      limit.remember(eventTime, before);
    }
    maxEventTime = Math.max(maxEventTime, eventTime);
    maxTime = Math.max(maxTime, clock === 'append' ? Math.min(eventTime, record.appendTime) : eventTime);
    return { outcome: 'accepted', ...seen, correction: end <= before };
  };

  const judgeReplay = (replay: OracleReplay, index: number): Verdict => {
    // An origin that counted, or was a copy, is settled; one that was refused may come again, mended.
    if (settledKeys.has(replay.key)) return { outcome: 'duplicate' };
    // So is one that the partition itself took, as it does where everything is read again with other rules.
    const origin = verdicts[Number(replay.key.slice(replay.key.lastIndexOf('/') + 1))]?.outcome;
    if (origin === 'accepted' || origin === 'duplicate') return { outcome: 'duplicate' };
    const read = readRecord(source, check, checkNumbers, limits.maxRecordBytes, replay);
    if ('outcome' in read) return read;
    settledKeys.add(replay.key);
    if (original(read.fields)) return { outcome: 'duplicate' };
    if (event.id !== undefined && replayedIds.has(String(own(read.fields, event.id)))) return { outcome: 'duplicate' };
    if (event.id !== undefined) replayedIds.add(String(own(read.fields, event.id)));
    replayed.push({ offset: index, eventTime: read.eventTime, watermark: -Infinity, fields: read.fields });
    return { outcome: 'accepted', eventTime: read.eventTime, windowStart: earliestWindow(windows, read.eventTime).start };
  };

  for (let offset = 0; offset <= records.length; offset += 1) {
    const dueAt = (replay: OracleReplay) => Math.min(replay.afterOffset, records.length) === offset;
    replays.forEach((replay, index) => {
      if (dueAt(replay)) replayVerdicts[index] = judgeReplay(replay, index);
    });
    const record = records[offset];
    if (!record) continue;
    const before = watermark();
    const verdict = judge(record, offset);
    verdicts.push(verdict);
    const time = clock === 'append' ? Math.max(record.appendTime, maxTime) : maxTime;
    // An accepted record closes windows when it has been counted as an event; as a mark it comes after.
    if (time > -Infinity)
      marks.push({ offset, outcome: verdict.outcome, time, watermark: verdict.outcome === 'accepted' ? watermark() : before });
  }
  return { verdicts, accepted, marks, watermark: watermark(), replayVerdicts, replayed };
}

/** What can be said of a record without knowing any other: ignored, invalid, or its time and fields with those looked up. */
function readRecord(
  source: SourceSpec,
  check: Check,
  checkNumbers: NumberCheck,
  maxRecordBytes: number,
  record: OracleRecord,
): { outcome: 'ignored' } | { outcome: 'invalid'; reason: string } | { eventTime: number; fields: Fields } {
  if (source.format !== 'json') throw new Error(`the oracle does not read format ${source.format}`);
  const decoded = decode(record.bytes, maxRecordBytes);
  if ('outcome' in decoded) return decoded;
  const { fields } = decoded;
  // A record that says by itself that it is none of ours need not be right; one that does not say must be.
  const says = (field: string) => isScalar(own(fields, field));
  if (source.where.some((condition) => says(condition.field) && !holds(fields, condition))) return { outcome: 'ignored' };
  // A null names no key of a table: whether there may be one is for the schema to say.
  const named = (lookup: LookupSpec) => says(lookup.by) && own(fields, lookup.by) !== null;
  if (source.lookups.some((lookup) => named(lookup) && lookedUp(fields, lookup) === undefined)) return { outcome: 'ignored' };
  const known = source.lookups.filter((lookup) => lookedUp(fields, lookup) !== undefined);
  const joined = { ...fields, ...Object.fromEntries(known.map((lookup) => [lookup.field, lookedUp(fields, lookup)])) };
  const reason = check(fields, joined);
  if (reason !== undefined) return { outcome: 'invalid', reason };
  if (!source.where.every((condition) => holds(fields, condition))) return { outcome: 'ignored' };
  if (source.lookups.some((lookup) => lookedUp(fields, lookup) === undefined)) return { outcome: 'ignored' };
  const noNumber = checkNumbers(joined);
  if (noNumber !== undefined) return { outcome: 'invalid', reason: noNumber };
  const eventTime = eventTimeOf(own(fields, source.event.time), source.event);
  if (typeof eventTime === 'string') throw new Error('a checked record has an event time');
  return { eventTime, fields: joined };
}

/**
 * Beyond `maxIds` the oldest are forgotten, in steps of event time: the largest power of two of ms that is at most 1/512 of `dedup`. An id
 * counts until its step has expired whole.
 */
function createIdLimit(
  dedupMs: number,
  maxIds: number,
): { hasForgotten(time: number): boolean; remember(time: number, watermark: number): void } {
  let stepMs = 1;
  while (stepMs * 2 * 512 <= dedupMs) stepMs *= 2;
  const stepOf = (time: number) => Math.floor(time / stepMs);
  let times: number[] = [];
  let forgottenBefore = -Infinity;
  return {
    hasForgotten: (time) => time < forgottenBefore,
    remember(time, watermark) {
      // Without a limit there is nothing to count, of as many ids as there are.
      if (maxIds === Infinity || time < forgottenBefore || watermark >= time + dedupMs) return;
      times = [...times, time].filter((other) => watermark < (stepOf(other) + 1) * stepMs - 1 + dedupMs);
      while (times.length > maxIds) {
        const oldest = Math.min(...times.map(stepOf));
        forgottenBefore = (oldest + 1) * stepMs;
        times = times.filter((other) => other >= forgottenBefore);
      }
    },
  };
}

/** Every window of one spec that has this time in it, oldest first; the start belongs to a window, its end does not. */
export function windowsOf(window: WindowSpec, time: number): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  const { offsetMs = 0 } = window;
  for (
    let start = Math.floor((time - offsetMs) / window.slideMs) * window.slideMs + offsetMs;
    start + window.sizeMs > time;
    start -= window.slideMs
  ) {
    found.unshift({ start, end: start + window.sizeMs });
  }
  return found;
}

function earliestWindow(windows: readonly WindowSpec[], time: number): { start: number; end: number } {
  const all = windows.flatMap((window) => windowsOf(window, time));
  return all.reduce((first, other) => (other.end < first.end ? other : first));
}
