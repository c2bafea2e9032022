/** The topics of the file. Always asked of the file: another process may have made or changed one. */
import type { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../core/errors.ts';
import type { TopicInfo, TopicSettings } from '../log.ts';

/** Number of a (topic, partition) in the file. */
export type PartNum = number;

export interface Topics {
  /** To be called within a transaction. `newId` is used where the topic is made. */
  ensure(name: string, settings: TopicSettings, newId: () => string): TopicInfo;
  all(): TopicInfo[];
  /** @throws AppError `topic_unknown` when there is no such topic or partition */
  part(topic: string, partition: number): PartNum;
}

function checkSettings(name: string, settings: TopicSettings): void {
  const { partitions, retentionMs = 0, retentionBytes = 0 } = settings;
  if (name === '') throw new TypeError('a topic needs a name');
  if (!Number.isInteger(partitions) || partitions < 1) throw new TypeError(`topic ${name}: ${partitions} partitions`);
  if (!(retentionMs >= 0 && retentionBytes >= 0)) throw new TypeError(`topic ${name}: negative retention`);
}

export function createTopics(db: DatabaseSync): Topics {
  const columns = 'num, name, id, partitions, retention_ms, retention_bytes';
  const byName = db.prepare(`SELECT ${columns} FROM topics WHERE name = ?`);
  const listed = db.prepare(`SELECT ${columns} FROM topics ORDER BY name`);
  const partOf = db.prepare('SELECT p.num FROM topics t JOIN partitions p ON p.topic = t.num WHERE t.name = ? AND p.partition = ?');
  // A part's number never changes, as topics are never deleted.
  const parts = new Map<string, Map<number, PartNum>>();

  function unknown(topic: string, partition: number): AppError {
    const found = byName.get(topic);
    if (found)
      return new AppError(
        'topic_unknown',
        `topic ${topic} has no partition ${partition}: it has ${String(found['partitions'])}, from 0 on.`,
      );
    const names = listed.all().map((row) => row['name']);
    const known =
      names.length === 0 ? 'the log has no topics yet' : `the log has ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`;
    return new AppError('topic_unknown', `no topic ${topic} in the log: ${known}.`);
  }

  return {
    ensure(name, settings, newId) {
      checkSettings(name, settings);
      const found = byName.get(name);
      const retention = [settings.retentionMs ?? null, settings.retentionBytes ?? null] as const;
      if (!found) {
        const sql = 'INSERT INTO topics (name, id, partitions, retention_ms, retention_bytes) VALUES (?, ?, ?, ?, ?)';
        const { lastInsertRowid } = db.prepare(sql).run(name, newId(), settings.partitions, ...retention);
        const insert = db.prepare('INSERT INTO partitions (topic, partition) VALUES (?, ?)');
        for (let partition = 0; partition < settings.partitions; partition++) insert.run(lastInsertRowid, partition);
      } else if (settings.mayGrow) {
        const insert = db.prepare('INSERT INTO partitions (topic, partition) VALUES (?, ?)');
        const had = Number(found['partitions']);
        for (let partition = had; partition < settings.partitions; partition++) insert.run(found['num'] as number, partition);
        db.prepare('UPDATE topics SET partitions = ?, retention_ms = ?, retention_bytes = ? WHERE name = ?').run(
          Math.max(had, settings.partitions),
          ...retention,
          name,
        );
      } else if (found['partitions'] !== settings.partitions) {
        const advice =
          'The number of partitions of a topic cannot be changed: use the old number, another topic or an empty data directory.';
        throw new AppError(
          'topic_conflict',
          `topic ${name} has ${String(found['partitions'])} partitions, ${settings.partitions} are asked for. ${advice}`,
        );
      } else {
        db.prepare('UPDATE topics SET retention_ms = ?, retention_bytes = ? WHERE name = ?').run(...retention, name);
      }
      return toTopic(byName.get(name)!);
    },

    all: () => listed.all().map(toTopic),

    part(topic, partition) {
      const known = parts.get(topic)?.get(partition);
      if (known !== undefined) return known;
      const num = Number.isInteger(partition) ? (partOf.get(topic, partition)?.['num'] as PartNum | undefined) : undefined;
      if (num === undefined) throw unknown(topic, partition);
      parts.set(topic, (parts.get(topic) ?? new Map<number, PartNum>()).set(partition, num));
      return num;
    },
  };
}

function toTopic(row: Record<string, unknown>): TopicInfo {
  const {
    name,
    id,
    partitions,
    retention_ms: retentionMs,
    retention_bytes: retentionBytes,
  } = row as {
    name: string;
    id: string;
    partitions: number;
    retention_ms: number | null;
    retention_bytes: number | null;
  };
  return { name, id, partitions, ...(retentionMs !== null && { retentionMs }), ...(retentionBytes !== null && { retentionBytes }) };
}
