/** The dead letters of a pipeline, each with what became of it when it was sent in again. */
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import { originKey } from '../../dead-letter/dead-letter.ts';
import { isInForce, type ReadAnew } from '../../dead-letter/in-force.ts';
import { parseLetter } from '../../dead-letter/parse-letter.ts';
import { keyAt } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';
import { statePrefix } from '../../pipeline/aggregate/aggregate.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import { fromStateEntries } from '../../pipeline/state-codec.ts';
import type { ReplayVerdict } from '../../windows/replay.ts';
import { partitionName } from '../../windows/plan.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { batches, textAt } from './reading.ts';

/** A dead letter as the commands show it. */
export interface ShownLetter extends DeadLetter {
  /** `ad-events/0/4711`: names it to `dlq show` and `dlq replay`. */
  readonly origin: string;
  /** Absent until it was sent in again and judged. */
  readonly replay?: { readonly outcome: ReplayVerdict['outcome']; readonly reason?: string };
}

export interface DeadLetterQuery {
  /** `late`, `bad_json`, `missing:country`; `missing` alone means every `missing:…`. */
  readonly reason?: string;
  readonly topic?: string;
  readonly origins?: ReadonlySet<string>;
}

/**
 * In the order in which they were found: of each origin the one of the last revision that judged it, and none where that one took it.
 * Of an origin judged twice by the same the newest one.
 */
export async function* readDeadLetters(log: Log, pipeline: PipelineRecord, query: DeadLetterQuery): AsyncGenerator<ShownLetter> {
  const topic = pipeline.topics.deadLetters;
  const { start, end } = await log.bounds(topic, 0);
  const anew = await readAnewOf(log, pipeline);
  const newest = await newestOfOrigins(log, topic, start, end);
  const verdicts = await readVerdicts(log, pipeline);
  for await (const batch of batches(log, topic, 0, start, end)) {
    for (let i = 0; i < batch.count; i++) {
      const letter = parseLetter(textAt(batch, i));
      if (!letter) continue;
      const origin = originKey(letter.topic, letter.partition, letter.offset);
      if (!isWanted(letter, origin, query)) continue;
      if (!isInForce(letter, anew)) continue;
      if (newest && newest.get(origin) !== batch.firstOffset + i) continue;
      const verdict = verdicts.get(origin);
      const replay = verdict && { outcome: verdict.outcome, ...(verdict.reason !== undefined && { reason: verdict.reason }) };
      yield { origin, ...letter, ...(replay && { replay }) };
    }
  }
}

/** How many `readDeadLetters` gives, of all. As long as nothing was read again they are counted without being read. */
export async function countDeadLetters(log: Log, pipeline: PipelineRecord): Promise<number> {
  const topic = pipeline.topics.deadLetters;
  const { start, end } = await log.bounds(topic, 0);
  const revisions = await recordedRevisions(log, pipeline.name);
  if ((revisions?.windows.counter ?? 1) === 1) return end - start;
  const origins = new Set<string>();
  for await (const batch of batches(log, topic, 0, start, end)) {
    for (let i = 0; i < batch.count; i++) {
      const letter = parseLetter(textAt(batch, i));
      if (letter && isInForce(letter, revisions?.readAnew ?? [])) origins.add(originKey(letter.topic, letter.partition, letter.offset));
    }
  }
  return origins.size;
}

async function readAnewOf(log: Log, pipeline: PipelineRecord): Promise<readonly ReadAnew[]> {
  return (await recordedRevisions(log, pipeline.name))?.readAnew ?? [];
}

export async function findDeadLetter(log: Log, pipeline: PipelineRecord, origin: string): Promise<ShownLetter | undefined> {
  for await (const letter of readDeadLetters(log, pipeline, { origins: new Set([origin]) })) return letter;
  return undefined;
}

function isWanted(letter: DeadLetter, origin: string, { reason, topic, origins }: DeadLetterQuery): boolean {
  if (origins && !origins.has(origin)) return false;
  if (topic !== undefined && letter.topic !== topic) return false;
  return reason === undefined || letter.reason === reason || letter.reason.startsWith(`${reason}:`);
}

/**
 * Offset of the newest dead letter of each origin; undefined where every origin stands there once. Letters of a partition come
 * in its order, so only where that order breaks (it was read again) need all origins be held. Keys tell whether it does: others may write
 * keys too, which can only make it seem broken; so origins are those of the letters themselves.
 */
async function newestOfOrigins(log: Log, topic: string, start: number, end: number): Promise<Map<string, number> | undefined> {
  if (await areInOrder(log, topic, start, end)) return undefined;
  const newest = new Map<string, number>();
  for await (const batch of batches(log, topic, 0, start, end)) {
    for (let i = 0; i < batch.count; i++) {
      const letter = parseLetter(textAt(batch, i));
      if (letter) newest.set(originKey(letter.topic, letter.partition, letter.offset), batch.firstOffset + i);
    }
  }
  return newest;
}

async function areInOrder(log: Log, topic: string, start: number, end: number): Promise<boolean> {
  const last = new Map<string, number>();
  for await (const batch of batches(log, topic, 0, start, end)) {
    for (let i = 0; i < batch.count; i++) {
      const origin = Buffer.from(keyAt(batch, i) ?? []).toString();
      const slash = origin.lastIndexOf('/');
      const partition = origin.slice(0, slash);
      const at = Number(origin.slice(slash + 1));
      // Nor is what is no number after any other.
      if (!(at > (last.get(partition) ?? -1))) return false;
      last.set(partition, at);
    }
  }
  return true;
}

async function readVerdicts(log: Log, pipeline: PipelineRecord): Promise<Map<string, ReplayVerdict>> {
  const verdicts = new Map<string, ReplayVerdict>();
  for (const { topic, partitions } of pipeline.sources) {
    for (let partition = 0; partition < partitions; partition++) {
      const prefix = `${statePrefix(pipeline.name, partitionName(topic, partition))}verdict/`;
      for (const [origin, verdict] of fromStateEntries(prefix, await log.state(prefix))) verdicts.set(origin, verdict as ReplayVerdict);
    }
  }
  return verdicts;
}
