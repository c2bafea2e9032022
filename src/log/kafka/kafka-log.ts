/** The log in Kafka: records in its topics, state and offsets in a ledger. */
import type { Clock } from '../../core/clock.ts';
import { checkUnit } from '../check-unit.ts';
import type { CommitUnit, Log, RecordBatch, RecordsToAppend } from '../log.ts';
import { createAppender } from './appender.ts';
import type { Cluster } from './cluster.ts';
import type { Fetcher, ReadLimits } from './fetch.ts';
import type { Groups } from './groups.ts';
import { sessionOver } from './ledger-store.ts';
import type { LedgerStore } from './ledger-store.ts';
import type { Offsets } from './offsets.ts';
import type { Producer } from './producer.ts';
import type { Topics } from './topics.ts';

export interface KafkaLog extends Log {
  /**
   * As `Log.read`. Offsets may have holes (compaction, transactions): a batch is dense and ends at a hole, and the next one may begin
   * behind `offset`. Undefined: there was nothing to read from `offset` to the end as it was when this was called. `waitMs`: waits as
   * long for something to come (default 0).
   */
  read(topic: string, partition: number, offset: number, limits: ReadLimits): Promise<RecordBatch | undefined>;
  /** Whether the partition's append times are the broker's, or the producers' word. */
  appendTimesOf(topic: string): Promise<'broker' | 'producer'>;
}

interface KafkaLogDeps {
  readonly cluster: Cluster;
  readonly topics: Topics;
  readonly offsets: Offsets;
  readonly fetcher: Fetcher;
  readonly groups: Groups;
  readonly producer: Producer;
  readonly ledger: LedgerStore;
  readonly clock: Clock;
  /** As of `KafkaConnection.log`. */
  readonly holds: (() => Promise<boolean>) | undefined;
  /** Called once the log is closed. */
  readonly closed: () => void;
}

interface Waiting {
  readonly unit: CommitUnit;
  readonly resolve: (firstOffsets: number[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What is written together: a commit that would make it larger waits for the next round. */
const GROUP_BYTES = 16 << 20;

/**
 * Commits that wait while one is written form the next one: their appends first, all of them acknowledged; then their state and offsets, as
 * one batch of the ledger. A unit whose append fails is rejected, and nothing of its state and offsets is written; what it appended
 * before stays, which is why appends are keyed and versioned.
 */
export function createKafkaLog(deps: KafkaLogDeps): KafkaLog {
  const { cluster, topics, offsets, fetcher, groups, ledger } = deps;
  const appender = createAppender(deps);
  const waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let closed = false;

  /** An unknown topic or partition is a fault of the unit alone, found before anything is written. */
  async function check({ appends, offsets: changed }: CommitUnit): Promise<void> {
    for (const { topic, partition } of [...(appends ?? []), ...(changed ?? [])]) {
      await cluster.persist(`find ${topic}/${partition}`, () => cluster.leader(topic, partition));
    }
  }

  /** Those that may be written. State and offsets need no standing: the ledger itself refuses a former owner. */
  async function withStanding(units: readonly Waiting[]): Promise<readonly Waiting[]> {
    const appending = units.filter(({ unit }) => unit.appends && unit.appends.length > 0);
    if (appending.length === 0 || !deps.holds || (await deps.holds())) return units;
    for (const { reject } of appending) reject(sessionOver(cluster.config.shown));
    return units.filter((one) => !appending.includes(one));
  }

  function takeGroup(): Waiting[] {
    let bytes = 0;
    const until = waiting.findIndex(({ unit }) => (bytes += bytesOf(unit)) > GROUP_BYTES);
    return waiting.splice(0, until === -1 ? waiting.length : Math.max(1, until));
  }

  async function writeGroup(group: readonly Waiting[]): Promise<void> {
    const found: Waiting[] = [];
    for (const one of group) {
      try {
        ledger.check();
        await check(one.unit);
        found.push(one);
      } catch (error) {
        one.reject(error);
      }
    }
    // Asked last: a topic without a leader may have been waited for longer than a session.
    const sound = await withStanding(found);
    const outcomes = await appender.append(sound.map(({ unit }) => unit.appends ?? []));
    const written = sound.filter((one, i) => {
      const outcome = outcomes[i]!;
      if (outcome.failed !== undefined) one.reject(outcome.failed);
      return outcome.failed === undefined;
    });
    try {
      await ledger.write(changesOf(written.map(({ unit }) => unit)));
    } catch (error) {
      for (const { reject } of written) reject(error);
      return;
    }
    for (const { unit } of written) groups.tell(unit.offsets ?? []);
    for (const [i, one] of sound.entries()) if (outcomes[i]!.failed === undefined) one.resolve(outcomes[i]!.firstOffsets);
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = takeGroup();
      try {
        await writeGroup(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    writing = undefined;
  }

  function open(): void {
    if (closed) throw new Error('the log is closed');
  }

  return {
    ensureTopic: (name, settings) => topics.ensure(name, settings),
    topics: () => topics.all(),
    appendTimesOf: (topic) => topics.appendTimesOf(topic),

    commit(unit) {
      return new Promise((resolve, reject) => {
        open();
        checkUnit(unit);
        waiting.push({ unit, resolve, reject });
        writing ??= writeAll();
      });
    },

    async read(topic, partition, offset, limits) {
      open();
      return fetcher.read(topic, partition, offset, limits);
    },

    async bounds(topic, partition) {
      // The end is read first: what comes in between then lies after it, never before the start.
      const stored = offsets.storedBytes(topic, partition);
      const end = await offsets.end(topic, partition);
      const start = await offsets.start(topic, partition);
      return { start: Math.min(start, end), end, storedBytes: await stored };
    },

    async offsetAt(topic, partition, time) {
      return (await offsets.at(topic, partition, time)) ?? (await offsets.end(topic, partition));
    },

    async committed(group, topic, partition) {
      await check({ offsets: [{ group, topic, partition, offset: null }] });
      const found = ledger.view.get(offsetName(group, topic, partition));
      return found ? Number(Buffer.from(found).toString()) : undefined;
    },

    async state(prefix) {
      const found = (await ledger.state(STATE + prefix)).map(([name, value]): [string, Uint8Array] => [name.slice(STATE.length), value]);
      return found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    },

    // The broker does it by itself.
    applyRetention: async () => 0,

    async close() {
      closed = true;
      await writing;
      await groups.flush();
      deps.closed();
    },
  };
}

const STATE = 's';
const OFFSET = 'o';

function offsetName(group: string, topic: string, partition: number): string {
  return OFFSET + JSON.stringify([group, topic, partition]);
}

/** The last change of a name is the one that counts. */
function changesOf(units: readonly CommitUnit[]): Map<string, Uint8Array | null> {
  const changes = new Map<string, Uint8Array | null>();
  for (const { state, offsets } of units) {
    for (const [key, value] of state ?? []) changes.set(STATE + key, value);
    for (const { group, topic, partition, offset } of offsets ?? []) {
      changes.set(offsetName(group, topic, partition), offset === null ? null : Buffer.from(String(offset)));
    }
  }
  return changes;
}

function bytesOf({ appends, state }: CommitUnit): number {
  const appended = (appends ?? []).reduce((sum: number, { bytes }: RecordsToAppend) => sum + bytes.length, 0);
  return appended + (state ?? []).reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0), 0);
}
