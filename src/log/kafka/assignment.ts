/** Who gets which partition, and the form in which members tell each other. */
import { Reader, Writer } from './client.ts';

export interface Assigned {
  readonly topic: string;
  readonly partition: number;
}

/** The form that Kafka's own tools read: a version, topics, then data of the client's. */
export function encodeSubscription(topics: readonly string[]): Buffer {
  return Writer.create()
    .appendInt16(0)
    .appendArray([...topics], (w, topic) => void w.appendString(topic, false), false, false)
    .appendBytes(null, false).buffer;
}

export function decodeSubscription(bytes: Buffer): string[] {
  if (bytes.length === 0) return [];
  const reader = Reader.from(bytes);
  reader.readInt16();
  return reader.readArray((r) => r.readString(false), false, false);
}

export function encodeAssignment(assigned: readonly Assigned[]): Buffer {
  const topics = Map.groupBy(assigned, ({ topic }) => topic);
  return Writer.create()
    .appendInt16(0)
    .appendArray(
      [...topics],
      (w, [topic, all]) => {
        w.appendString(topic, false).appendArray(all, (inner, { partition }) => void inner.appendInt32(partition), false, false);
      },
      false,
      false,
    )
    .appendBytes(null, false).buffer;
}

export function decodeAssignment(bytes: Buffer): Assigned[] {
  if (bytes.length === 0) return [];
  const reader = Reader.from(bytes);
  reader.readInt16();
  return reader
    .readArray(
      (r) => {
        const topic = r.readString(false);
        return r.readArray((inner) => ({ topic, partition: inner.readInt32() }), false, false);
      },
      false,
      false,
    )
    .flat();
}

/**
 * Partition n goes to the member n modulo the number of members that read its topic, so that partition n of several topics has one
 * owner (raw topic and `p.replay`). Members in the order of their names.
 */
export function assign(members: ReadonlyMap<string, readonly string[]>, partitionsOf: (topic: string) => number): Map<string, Assigned[]> {
  const names = [...members.keys()].sort();
  const assigned = new Map<string, Assigned[]>(names.map((name) => [name, []]));
  for (const topic of [...new Set([...members.values()].flat())].sort()) {
    const readers = names.filter((name) => members.get(name)!.includes(topic));
    for (let partition = 0; partition < partitionsOf(topic); partition++) {
      assigned.get(readers[partition % readers.length]!)!.push({ topic, partition });
    }
  }
  return assigned;
}
