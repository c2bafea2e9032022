import type { DatabaseSync } from 'node:sqlite';
import type { TopicInfo } from '../log.ts';
import type { PartNum } from './catalog.ts';
import { transact } from './database.ts';

interface Candidate {
  id: number;
  part: PartNum;
  first_offset: number;
  end_offset: number;
  append_time: number;
  stored_bytes: number;
}

/** Rows deleted in one transaction: keeps each short beside the commits. */
const ROWS_AT_ONCE = 64;

/**
 * Rows that every group with an offset on their partition has read, oldest first. Where no group has committed any offset,
 * nobody waits for them.
 */
const READ_BY_ALL = `
SELECT b.id, b.part, b.first_offset, b.end_offset, b.append_time, b.stored_bytes
FROM partitions p JOIN batches b ON b.part = p.num JOIN topics t ON t.num = p.topic
WHERE t.name = ? AND b.end_offset <= coalesce((SELECT min(c.next_offset) FROM consumers c WHERE c.part = p.num), b.end_offset)`;

/** Deletes up to 64 rows of a topic that are too old or too many, in one transaction; the records deleted, 0 when there is nothing left to do. */
export type RetireSome = (topic: TopicInfo, now: number) => number;

export function createRetention(db: DatabaseSync): RetireSome {
  const tooOld = db.prepare(`${READ_BY_ALL} AND b.append_time < ? ORDER BY b.id LIMIT ${ROWS_AT_ONCE}`);
  const oldest = db.prepare(`${READ_BY_ALL} ORDER BY b.id LIMIT ${ROWS_AT_ONCE}`);
  const held = db.prepare('SELECT sum(p.stored_bytes) AS bytes FROM partitions p JOIN topics t ON t.num = p.topic WHERE t.name = ?');
  const remove = db.prepare('DELETE FROM batches WHERE id = ?');
  const subtract = db.prepare('UPDATE partitions SET stored_bytes = stored_bytes - ? WHERE num = ?');

  function choose(topic: TopicInfo, now: number): Candidate[] {
    if (topic.retentionMs !== undefined) {
      const rows = tooOld.all(topic.name, now - topic.retentionMs) as unknown as Candidate[];
      if (rows.length > 0) return rows;
    }
    if (topic.retentionBytes === undefined) return [];
    let excess = Number(held.get(topic.name)?.['bytes'] ?? 0) - topic.retentionBytes;
    if (excess <= 0) return [];
    const rows = oldest.all(topic.name) as unknown as Candidate[];
    const enough = rows.findIndex((row) => (excess -= row.stored_bytes) <= 0);
    return enough < 0 ? rows : rows.slice(0, enough + 1);
  }

  return (topic, now) =>
    transact(db, () => {
      let records = 0;
      for (const row of choose(topic, now)) {
        remove.run(row.id);
        subtract.run(row.stored_bytes, row.part);
        records += row.end_offset - row.first_offset;
      }
      return records;
    });
}
