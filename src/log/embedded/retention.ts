/** What a topic keeps no longer: the oldest rows that are too old or too many, and that nobody still waits for. */
import type { DatabaseSync } from 'node:sqlite';
import type { TopicInfo } from '../log.ts';
import type { PartNum } from './topics.ts';
import type { Retired } from './bounds.ts';
import { transact } from './database.ts';

interface Candidate {
  id: number;
  part: PartNum;
  first_offset: number;
  end_offset: number;
  append_time: number;
  stored_bytes: number;
}

/** Rows deleted in one transaction: it holds up commits for some ms. */
const ROWS_AT_ONCE = 32;

/** Up to 32 rows of a topic that are too old or too many, by id. */
export interface Due {
  readonly topic: TopicInfo;
  readonly ids: number[];
}

export interface Retention {
  /** Of the first topic that has any; undefined: there is nothing left to do. */
  due(topics: readonly TopicInfo[], now: number): Due | undefined;
  /** Deletes them in one transaction, as they are now; gives what was deleted, by partition. */
  retire(topic: TopicInfo, now: number): Retired[];
}

export function createRetention(db: DatabaseSync): Retention {
  const partitions = db.prepare('SELECT p.num, p.stored_bytes FROM partitions p JOIN topics t ON t.num = p.topic WHERE t.name = ?');
  /** Up to where every group with an offset on the partition has read; null where no group has committed any: nobody waits then. */
  const read = db.prepare('SELECT min(next_offset) AS next FROM consumers WHERE part = ?');
  // By the index alone, however many rows there are: within a partition offsets, ids and append times go up together.
  const oldest = db.prepare(
    `SELECT id, part, first_offset, end_offset, append_time, stored_bytes FROM batches WHERE part = ? ORDER BY first_offset LIMIT ${ROWS_AT_ONCE}`,
  );
  const remove = db.prepare('DELETE FROM batches WHERE id = ?');
  const subtract = db.prepare('UPDATE partitions SET stored_bytes = stored_bytes - ? WHERE num = ?');

  /** Rows that nobody waits for, over all partitions of the topic: as many of the oldest as one transaction takes, and some more. */
  function oldestRead(parts: readonly { readonly num: PartNum }[]): Candidate[] {
    const rows = parts.flatMap(({ num }) => {
      const next = (read.get(num)!['next'] as number | null) ?? Infinity;
      return (oldest.all(num) as unknown as Candidate[]).filter((row) => row.end_offset <= next);
    });
    return rows.sort((a, b) => a.id - b.id);
  }

  function choose(topic: TopicInfo, now: number): Candidate[] {
    const { retentionMs, retentionBytes } = topic;
    if (retentionMs === undefined && retentionBytes === undefined) return [];
    const parts = partitions.all(topic.name) as unknown as { num: PartNum; stored_bytes: number }[];
    const rows = oldestRead(parts);
    const tooOld = retentionMs === undefined ? [] : rows.filter((row) => row.append_time < now - retentionMs);
    if (tooOld.length > 0) return tooOld.slice(0, ROWS_AT_ONCE);
    if (retentionBytes === undefined) return [];
    let excess = parts.reduce((sum, part) => sum + part.stored_bytes, -retentionBytes);
    if (excess <= 0) return [];
    const some = rows.slice(0, ROWS_AT_ONCE);
    const enough = some.findIndex((row) => (excess -= row.stored_bytes) <= 0);
    return enough < 0 ? some : some.slice(0, enough + 1);
  }

  return {
    due(topics, now) {
      for (const topic of topics) {
        const rows = choose(topic, now);
        if (rows.length > 0) return { topic, ids: rows.map(({ id }) => id) };
      }
      return undefined;
    },
    retire: (topic, now) =>
      transact(db, () => {
        const retired = new Map<PartNum, Retired>();
        for (const { id, part, first_offset: first, end_offset: start, stored_bytes: stored } of choose(topic, now)) {
          remove.run(id);
          subtract.run(stored, part);
          const { bytes = 0, records = 0 } = retired.get(part) ?? {};
          retired.set(part, { part, start, bytes: bytes + stored, records: records + start - first });
        }
        return [...retired.values()];
      }),
  };
}
