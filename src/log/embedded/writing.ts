/** The writing side of the log: commits, topics and retention, all carried out by the thread that writes. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { AppError } from '../../core/errors.ts';
import { checkUnit } from '../check-unit.ts';
import type { Log } from '../log.ts';
import type { Retired } from './bounds.ts';
import { CHECKPOINT_BYTES } from './checkpoints.ts';
import { createGroupCommit } from './group-commit.ts';
import { createRetiringRows } from './retiring-rows.ts';
import type { Due } from './retention.ts';
import { explainSqliteError } from './sqlite-error.ts';
import type { Topics } from './topics.ts';
import { openWalSync } from './wal-sync.ts';
import { createWriteOrders, type WriteOrdersDeps } from './write-orders.ts';
import { createWriter } from './writer.ts';

export interface WritingConfig {
  readonly clock: Clock;
  /** A new topic's id; random unless given. */
  readonly newTopicId?: () => string;
  /** A row of the file ends after the record that reaches this; default 256 KiB. Reads with `maxBytes` of the same size copy nothing. */
  readonly rowBytes?: number;
  /** The write-ahead log is copied into the file when it holds so many bytes; default 16 MiB. */
  readonly checkpointBytes?: number;
  /** Told when the thread that writes ends by itself (`thread_ended`): from then on every commit is refused. */
  readonly onEnded?: (error: AppError) => void;
}

/** As `EmbeddedLog`. */
export interface Writing extends Pick<Log, 'ensureTopic' | 'commit' | 'applyRetention'> {
  /** Writes what was committed, then closes what was opened here. */
  close(): Promise<void>;
  closeSync(): void;
}

export interface WritingDeps {
  readonly topics: Topics;
  readonly durable: WriteOrdersDeps['durable'];
  /** Told of what has been deleted. */
  readonly retired: (rows: readonly Retired[]) => void;
}

/** `file`: SQLite's, and a descriptor of it; both stay open for as long. */
export function createWriting(
  file: { readonly path: string; readonly fd: number },
  config: WritingConfig,
  { topics, durable, retired }: WritingDeps,
): Writing {
  const { path } = file;
  const { clock, newTopicId = randomUUID, rowBytes = 256 << 10, checkpointBytes = CHECKPOINT_BYTES, onEnded } = config;
  const disk = openWalSync(`${path}-wal`);
  const writer = createWriter({ path, checkpointBytes, onEnded });
  const retiring = createRetiringRows(file);
  const explain = (error: unknown): unknown => explainSqliteError(error, path, 'write');
  const write = createWriteOrders({ writer, topics, rowBytes, clock, explain, durable });
  const commits = createGroupCommit({ write, finish: writer.finish, disk, explain });

  let isClosed = false;

  async function due(): Promise<Due | undefined> {
    return isClosed ? undefined : writer.due(clock.now());
  }

  return {
    async ensureTopic(name, settings) {
      const info = await writer.ensure(name, settings, newTopicId());
      await commits.settled();
      return info;
    },
    async commit(unit) {
      checkUnit(unit);
      if (isClosed) throw new Error('the log is closed');
      return commits.commit(unit);
    },
    async applyRetention() {
      let records = 0;
      for (let next = await due(); next; next = await due()) {
        await retiring.read(next.ids);
        if (isClosed) break;
        const deleted = await writer.retire(next.topic, clock.now());
        retired(deleted);
        records = deleted.reduce((sum, one) => sum + one.records, records);
      }
      return records;
    },
    async close() {
      isClosed = true;
      await commits.ended();
      await Promise.all([writer.close(), retiring.close()]);
      disk.close();
    },
    closeSync() {
      isClosed = true;
      commits.flush();
      void writer.close();
      writer.finish();
      // Its connection is left to the end of the process.
      void retiring.close();
      disk.close();
    },
  };
}
