/** The topics of a pipeline beside its raw ones, and how long they are kept. */
import type { TopicSettings } from '../log/log.ts';
import type { SourceSpec } from '../windows/spec.ts';

export interface PipelineTopics {
  readonly windows: string;
  readonly alerts: string;
  readonly deadLetters: string;
  readonly replay: string;
  /** Not named in the file: who silences writes it, wherever he is. */
  readonly silences: string;
}

const DAY_MS = 86_400_000;
/** Of a dead letter beside the record's payload, at most; also its key. */
const LETTER_BYTES = 16 << 10;

export function topicsOf(pipeline: string, named: Partial<Omit<PipelineTopics, 'silences'>> = {}): PipelineTopics {
  return {
    windows: named.windows ?? `${pipeline}.windows`,
    alerts: named.alerts ?? `${pipeline}.alerts`,
    deadLetters: named.deadLetters ?? `${pipeline}.dlq`,
    replay: named.replay ?? `${pipeline}.replay`,
    silences: `${pipeline}.silences`,
  };
}

/** `maxRecordBytes`: of raw records that are counted. */
export function topicSettings(
  topics: PipelineTopics,
  { replayPartitions, maxRecordBytes }: { replayPartitions: number; maxRecordBytes: number },
): [name: string, settings: TopicSettings][] {
  // As base64, or as text with every second character escaped; and what a dead letter says beside it.
  const recordBytes = 2 * maxRecordBytes + LETTER_BYTES;
  return [
    [topics.windows, { partitions: 1, retentionMs: 7 * DAY_MS, keeperTimes: true }],
    [topics.alerts, { partitions: 1, retentionMs: 30 * DAY_MS, keeperTimes: true }],
    [topics.deadLetters, { partitions: 1, retentionMs: 14 * DAY_MS, keeperTimes: true, recordBytes }],
    // A source that is added later may have more partitions than those before it.
    [topics.replay, { partitions: replayPartitions, mayGrow: true, retentionMs: 30 * DAY_MS, keeperTimes: true, recordBytes }],
    // Longer than a silence lasts, so that what holds is on the topic.
    [topics.silences, { partitions: 1, retentionMs: 45 * DAY_MS, keeperTimes: true }],
  ];
}

/** Raw topics are the user's; these are the settings of one that Tocsin has to make. */
export function rawTopicSettings({ partitions, retention }: Pick<SourceSpec, 'partitions' | 'retention'>): TopicSettings {
  return {
    partitions,
    retentionMs: retention?.ms ?? 7 * DAY_MS,
    ...(retention?.bytes !== undefined && { retentionBytes: retention.bytes }),
  };
}
