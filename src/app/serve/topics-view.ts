/** Topics of the log: to look into, and to push to. */
import { nearest } from '../../config/nearest.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { counted } from '../../core/counted.ts';
import { AppError } from '../../core/errors.ts';
import { keyAt, recordAt } from '../../log/batch.ts';
import type { Log, TopicInfo } from '../../log/log.ts';
import type { Engine } from '../../pipeline/engine.ts';
import { partialsTopic, snapshotsTopic, stateTopic } from '../../pipeline/stage-topics.ts';
import type { Surface } from '../../server/surface.ts';
import { partitionName } from '../../windows/plan.ts';
import { readPipelineRecords } from '../../pipeline/pipeline-record.ts';
import { writersByNames } from '../topic-writers.ts';
import { createUnreadBytes } from './unread-bytes.ts';

const READ_BYTES = 1 << 20;
/** A longer value is cut off where it is shown. */
const SHOWN_BYTES = 64 << 10;
/** On Kafka all topics are listed to count the partitions of one: not for every push. Topics grow seldom. */
const COUNTED_FOR_MS = 5_000;

interface Reader {
  readonly config: LoadedPipeline;
  readonly engine: Pick<Engine, 'partitions'>;
}

export function createTopicsView(
  readers: readonly Reader[],
  { log, clock }: { readonly log: Log; readonly clock: Pick<Clock, 'elapsed'> },
): Pick<Surface, 'topics' | 'messages' | 'pushTarget'> {
  /** Of every pipeline that ever ran on this log, by topic: what it alone writes. */
  let written: Map<string, string> | undefined;
  const unread = createUnreadBytes();
  /** Of topics that were pushed to: how many partitions they had, and when that was asked (monotonic, ms). */
  const asked = new Map<string, { readonly partitions: number; readonly at: number }>();

  /** Kept once it was read; a read that fails is tried again by the next push. */
  async function writers(): Promise<Map<string, string>> {
    if (written) return written;
    const known = (await readPipelineRecords(log)).flatMap(({ name, topics }) =>
      Object.values(topics).map((topic) => [topic, name] as const),
    );
    // On Kafka the records of pipelines are not at hand here: those that run are known all the same, others by the names of their topics.
    const running = readers.flatMap(({ config: { engine, topics } }) => {
      const { pipeline, sources } = engine;
      const between = [partialsTopic(pipeline), stateTopic(pipeline), ...sources.map(({ topic }) => snapshotsTopic(pipeline, topic))];
      return [...Object.values(topics), ...between].map((topic) => [topic, pipeline] as const);
    });
    return (written = new Map([...known, ...running]));
  }

  /** The next offset of the reader that is furthest behind; undefined where nobody reads it. */
  function readTo(name: string): number | undefined {
    const offsets = readers.flatMap(({ engine }) => engine.partitions().filter((status) => status.name === name));
    return offsets.length === 0 ? undefined : Math.min(...offsets.map(({ offset }) => offset));
  }

  function partitionsOf(topic: string, topics: readonly TopicInfo[], isOffered: (name: string) => boolean): number {
    const found = topics.find(({ name }) => name === topic);
    if (found) return found.partitions;
    const names = topics.map(({ name }) => name).filter(isOffered);
    const near = nearest(topic, names);
    const hint = near === undefined ? `expected one of: ${names.join(', ')}` : `did you mean ${near}?`;
    throw new AppError('topic_unknown', `no topic ${JSON.stringify(topic.slice(0, 200))} in the log; ${hint}`);
  }

  return {
    async topics() {
      const topics = await log.topics();
      return {
        topics: await Promise.all(
          topics.map(async ({ name, partitions }) => ({
            name,
            partitions: await Promise.all(
              Array.from({ length: partitions }, async (_, partition) => {
                const { start, end, storedBytes } = await log.bounds(name, partition);
                return { partition, start, end, stored_bytes: storedBytes };
              }),
            ),
          })),
        ),
      };
    },

    async messages(topic, { partition, offset, limit }) {
      const partitions = partitionsOf(topic, await log.topics(), () => true);
      if (partition >= partitions) {
        throw new AppError(
          'topic_unknown',
          `topic ${topic} has ${counted(partitions, 'partition')}; expected partition 0 to ${partitions - 1}`,
        );
      }
      const { start, end } = await log.bounds(topic, partition);
      const from = offset < 0 ? Math.max(start, end + offset) : offset;
      const batch = from >= end ? undefined : await log.read(topic, partition, from, { maxBytes: READ_BYTES, maxRecords: limit });
      const messages = Array.from({ length: batch?.count ?? 0 }, (_, i) => {
        const key = keyAt(batch!, i);
        return {
          offset: batch!.firstOffset + i,
          append_time: new Date(batch!.appendTimes[i]!).toISOString(),
          key: key ? shown(key) : null,
          value: batch!.tombstones?.[i] === 1 ? null : shown(recordAt(batch!, i)),
        };
      });
      return { topic, partition, start, end, messages };
    },

    async pushTarget(topic) {
      const own = await writers();
      if (own.has(topic)) throw writtenBy(topic, own.get(topic)!);
      let found = asked.get(topic);
      if (!found || clock.elapsed() - found.at > COUNTED_FOR_MS) {
        const topics = await log.topics();
        const byNames = writersByNames(topics.map(({ name }) => name));
        const writerOf = (name: string) => own.get(name) ?? byNames(name);
        const writer = writerOf(topic);
        if (writer !== undefined) throw writtenBy(topic, writer);
        found = { partitions: partitionsOf(topic, topics, (name) => writerOf(name) === undefined), at: clock.elapsed() };
        asked.set(topic, found);
      }
      return {
        partitions: found.partitions,
        async backlog(partition) {
          const name = partitionName(topic, partition);
          const { end } = await log.bounds(topic, partition);
          const offset = readTo(name);
          return offset === undefined ? { records: 0, bytes: 0 } : { records: Math.max(0, end - offset), bytes: unread.from(name, offset) };
        },
        async append(partition, records) {
          const [first] = await log.commit({ appends: [{ topic, partition, ...records }] });
          const name = partitionName(topic, partition);
          // What nobody reads would never be taken off again.
          if (readTo(name) !== undefined) unread.appended(name, first! + records.ends.length, records.bytes.length);
          return first!;
        },
      };
    },
  };
}

function writtenBy(topic: string, pipeline: string): AppError {
  return new AppError('topic_conflict', `topic ${topic} is written by pipeline ${pipeline} alone; push to a topic that a pipeline reads`);
}

function shown(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString();
}
