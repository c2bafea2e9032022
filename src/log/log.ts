/**
 * The log: topics of partitions of records, each with an offset and an append time; and beside it, in the same
 * transaction, the offsets that consumers committed and their state as named bytes.
 */

/**
 * Records of one partition, in columns. Record `i` has offset `firstOffset + i`; its value is
 * `bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])`.
 */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  /** Offset of record 0. */
  readonly firstOffset: number;
  readonly count: number;
  /** The values, one after the other, without separators. */
  readonly bytes: Uint8Array;
  /** Where each value ends in `bytes`; length `count`. */
  readonly ends: Uint32Array;
  /** Keys in the same layout; an absent key is an empty one. */
  readonly keys?: { readonly bytes: Uint8Array; readonly ends: Uint32Array };
  /** 1 where the value is a tombstone (no value at all). */
  readonly tombstones?: Uint8Array;
  /** When each record was appended, epoch ms; length `count`. */
  readonly appendTimes: Float64Array;
  /** Number of the first record's line in the file it came from, from 1, where that is known; the rest follow it. */
  readonly firstLine?: number;
}

/**
 * Records to append, in the same layout; the arrays must stay as they are until the commit has settled. `appendTime` (epoch ms)
 * defaults to the clock's now; one that lies before the partition's last is raised to it: append times never go backwards.
 */
export interface RecordsToAppend {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly keys?: { readonly bytes: Uint8Array; readonly ends: Uint32Array };
  /** 1 where the value is a tombstone; its value is then empty. */
  readonly tombstones?: Uint8Array;
  readonly firstLine?: number;
  readonly appendTime?: number;
}

/** A named piece of state; null deletes it. */
export type StateChange = readonly [key: string, value: Uint8Array | null];

/**
 * What is written together. Embedded: one transaction, all or nothing. (On a log without transactions: appends first,
 * then state, then offsets; every append is keyed and versioned so that a repeat changes nothing.)
 */
export interface CommitUnit {
  readonly appends?: readonly RecordsToAppend[];
  /** The next offset each group reads; null: it reads the partition no longer, and holds no retention up. */
  readonly offsets?: readonly { group: string; topic: string; partition: number; offset: number | null }[];
  readonly state?: readonly StateChange[];
}

export interface TopicSettings {
  readonly partitions: number;
  /** An existing topic with fewer partitions gets the missing ones, and one with more keeps them. Without it another number is refused. */
  readonly mayGrow?: true;
  /** Records older than this may be deleted, ms; undefined keeps them. */
  readonly retentionMs?: number;
  /** The oldest records are deleted when the topic holds more than this; undefined: no limit. */
  readonly retentionBytes?: number;
  /** Append times are those of whoever keeps the log, whatever the clock of who appends. Without it: as they are where the topic is made. */
  readonly keeperTimes?: true;
  /** A topic that has to be made takes records of so many bytes, where whoever keeps the log has a limit; one that is there keeps its own. */
  readonly recordBytes?: number;
}

export interface TopicInfo extends TopicSettings {
  readonly name: string;
  /** Random at creation: tells a topic that was deleted and made again from the first one. */
  readonly id: string;
}

export interface Log {
  /**
   * Makes the topic if it is not there. An existing one keeps its partitions
   * (AppError `topic_conflict` when `partitions` differs); retention is updated.
   */
  ensureTopic(name: string, settings: TopicSettings): Promise<TopicInfo>;
  topics(): Promise<TopicInfo[]>;
  /**
   * Durable when it resolves. Calls made close together share one transaction (group commit), in the order they were made; one that
   * is faulty is rejected alone, a full disk rejects all that share the transaction. Nothing of a rejected unit is written.
   * Resolves to the first offset of each append, in order; for an append without records that is the partition's end.
   * @throws AppError `disk_full`, `topic_unknown` (also for a partition that the topic does not have)
   */
  commit(unit: CommitUnit): Promise<number[]>;
  /**
   * At least one record from `offset` on, or undefined when there is none yet. At most `maxRecords` records; ends after the record
   * that reaches `maxBytes`. Where retention has deleted `offset`, starts with the first record still there.
   * `lentTo`: whoever reads; he looks at the batch before he asks for the next one, so its memory may be used again then.
   * `isNoted`: what lies before `offset` was read. Where topics can be deleted and made again (Kafka), one that ends before it is an
   * AppError `log_unreadable` then, not a partition without news.
   * `to`: an end that `bounds` told; where Kafka's leader has changed since, it is waited for until the new one knows of it.
   * `onGone`: told where Kafka's retention has deleted records before they were read, those from `from` up to `to`, which is not included.
   */
  read(
    topic: string,
    partition: number,
    offset: number,
    limits: {
      maxBytes: number;
      maxRecords?: number;
      lentTo?: object;
      isNoted?: boolean;
      to?: number;
      onGone?: (from: number, to: number) => void;
    },
  ): Promise<RecordBatch | undefined>;
  /** The one that batches were `lentTo` reads no more: nothing need be kept at hand for him. */
  left?(reader: object): void;
  /** Offset of the first record still there, of the next one to be appended, and the stored bytes. */
  bounds(topic: string, partition: number): Promise<{ start: number; end: number; storedBytes: number }>;
  /** The first offset whose append time is >= `time` (epoch ms); the end offset when there is none. */
  offsetAt(topic: string, partition: number, time: number): Promise<number>;
  /** The offset the group committed: the next one to read. */
  committed(group: string, topic: string, partition: number): Promise<number | undefined>;
  /** State whose key starts with `prefix`, in key order (by code unit). */
  state(prefix: string): Promise<[key: string, value: Uint8Array][]>;
  /** Deletes what retention allows, never what a group that committed an offset on the topic has not read. Resolves to the records deleted. */
  applyRetention(): Promise<number>;
  close(): Promise<void>;
}
