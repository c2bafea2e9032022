/** How many bytes of what was appended a reader has not come to yet. In memory: of what an earlier process appended nothing is known. */

export interface UnreadBytes {
  /** `end`: the offset after the last record of what was appended. */
  appended(partition: string, end: number, bytes: number): void;
  /** Bytes of all that ends behind this offset, the reader's next one. What ends before it is forgotten, so offsets may not go back. */
  from(partition: string, offset: number): number;
}

interface Waiting {
  readonly appends: { readonly end: number; readonly bytes: number }[];
  bytes: number;
}

/** What it holds is bounded by what may wait: each push that is taken asks `from` first. */
export function createUnreadBytes(): UnreadBytes {
  const partitions = new Map<string, Waiting>();

  return {
    appended(partition, end, bytes) {
      const waiting = partitions.get(partition) ?? { appends: [], bytes: 0 };
      waiting.appends.push({ end, bytes });
      waiting.bytes += bytes;
      partitions.set(partition, waiting);
    },
    from(partition, offset) {
      const waiting = partitions.get(partition);
      if (!waiting) return 0;
      const { appends } = waiting;
      let read = 0;
      for (; read < appends.length && appends[read]!.end <= offset; read++) waiting.bytes -= appends[read]!.bytes;
      appends.splice(0, read);
      return waiting.bytes;
    },
  };
}
