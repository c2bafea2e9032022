/** The request for records of one partition, with an answer that stays bytes. */
import { ProtocolError, createAPI, fetchV12, type Reader } from './client.ts';

/** What the broker answers for one partition, the records left as bytes: see record-batch.ts. */
export interface FetchAnswer {
  readonly highWatermark: number;
  /** Nothing from here on is decided yet: transactions are still open. */
  readonly lastStableOffset: number;
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  /** Of the records, as they came from the socket. */
  readonly pieces: readonly Uint8Array[];
}

export const ISOLATION = { uncommitted: 0, committed: 1 } as const;
/**
 * Fetch, version 12, of one partition. The client's own parser makes an object per record and lets records of aborted transactions
 * through; this one hands the bytes on.
 */
export const fetchOne = createAPI<[options: FetchOptions], FetchAnswer>(1, 12, createRequest, parseAnswer);

export interface FetchOptions {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
  /** How long the broker waits for a first byte. */
  readonly maxWaitMs: number;
  readonly isolation: 0 | 1;
}

function createRequest({
  topic,
  partition,
  offset,
  maxBytes,
  maxWaitMs,
  isolation,
}: FetchOptions): ReturnType<typeof fetchV12.createRequest> {
  const one = { partition, currentLeaderEpoch: -1, fetchOffset: BigInt(offset), lastFetchedEpoch: -1, partitionMaxBytes: maxBytes };
  return fetchV12.createRequest(maxWaitMs, 1, maxBytes, isolation, 0, -1, [{ topicId: topic, partitions: [one] }], [], '');
}

export function parseAnswer(_correlationId: number, _apiKey: number, _apiVersion: number, reader: Reader): FetchAnswer {
  const heldBackMs = reader.readInt32();
  const error = reader.readInt16();
  if (error !== 0) throw new ProtocolError(error);
  reader.readInt32(); // session
  const [partitions] = reader.readArray((r) => {
    r.readString();
    return r.readArray(parsePartition, true, true);
  });
  const [found] = partitions ?? [];
  // Over its quota a client is told how long to wait, and nothing of what it asked for.
  if (!found) throw new ProtocolError(heldBackMs > 0 ? 'THROTTLING_QUOTA_EXCEEDED' : 'UNKNOWN_TOPIC_OR_PARTITION');
  if (found.error !== 0) throw new ProtocolError(found.error);
  return found;
}

function parsePartition(reader: Reader): FetchAnswer & { error: number } {
  reader.readInt32();
  const error = reader.readInt16();
  const highWatermark = Number(reader.readInt64());
  const lastStableOffset = Number(reader.readInt64());
  reader.readInt64(); // start of the partition
  const aborted = reader.readNullableArray((r) => ({ producerId: r.readInt64(), firstOffset: r.readInt64() })) ?? [];
  reader.readInt32(); // a replica that would be nearer
  const length = reader.readUnsignedVarInt() - 1; // compact: one more than the length, 0 for none
  const pieces = length > 0 ? reader.buffer.subarray(reader.position, reader.position + length).buffers : [];
  reader.skip(Math.max(0, length));
  return { error, highWatermark, lastStableOffset: lastStableOffset < 0 ? highWatermark : lastStableOffset, aborted, pieces };
}
