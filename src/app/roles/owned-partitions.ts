/** The input partitions that this process owns: through rebalances, where another takes one over, and where a thread ends. */
import { allOf } from '../../core/all-of.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Standing } from '../../log/kafka/standing.ts';
import type { AggregateStatus } from '../../pipeline/aggregate/aggregate.ts';
import type { AggregateStage } from '../../pipeline/aggregate/aggregate-stage.ts';
import { partitionName } from '../../windows/plan.ts';
import { beginsAgain } from '../threads/threads.ts';

export interface OwnedStage extends AggregateStage {
  /** Lets go of the aggregation and of the log view. */
  close(): Promise<void>;
}

/** Takes the partition over. `holds`: whether it is still ours by the group. */
export type OpenPartition = (topic: string, partition: number, holds: () => Promise<boolean>) => Promise<OwnedStage>;

interface Place {
  readonly topic: string;
  readonly partition: number;
}

export interface OwnedPartition extends Place {
  readonly stage: OwnedStage;
}

/** Its calls are made one after the other, but for `unlessLeft`. */
export interface OwnedPartitions {
  all(): OwnedPartition[];
  /** How all that is open stands: what is parked, too, which most likely comes back. */
  statuses(): AggregateStatus[];
  /** `name`: `topic/partition`. */
  has(name: string): boolean;
  /** Opens what is assigned, or goes on with what is parked. */
  assign(assigned: readonly Place[], generation: number, standing: Standing): Promise<void>;
  /** Gives all back, closing nothing: most of it comes back to us in the next generation, and nobody had it in between. */
  park(): void;
  /** Closes all, parked ones too. */
  drop(): Promise<void>;
  /** Closes each and opens it again, where it belongs by now. */
  reopen(): Promise<void>;
  /**
   * What `work` yields. Undefined where another has taken the partition over: it is left then, until the group has had time to say who
   * owns it. Likewise where the thread that counts it has ended.
   */
  unlessLeft<T>(place: Place, work: () => Promise<T>): Promise<T | undefined>;
  /** Opens again what was left a while ago and is still ours by the group: from its last commit. */
  takeBack(): Promise<void>;
}

/** A partition that was left is taken back after this. */
const AGAIN_MS = 1_000;

export function createOwnedPartitions(open: OpenPartition, { clock, logger }: { clock: Clock; logger: Logger }): OwnedPartitions {
  const owned = new Map<string, OwnedPartition>();
  const parked = new Map<string, OwnedPartition>();
  /** Ours by the group, and taken over by another all the same: one that opened it late. When to try again (monotonic, ms). */
  const left = new Map<string, Place & { readonly dueAt: number }>();
  /** Of the newest assignment: what is parked goes on under it. */
  let standing: Standing | undefined;
  let lastGeneration = -1;
  const holds = async (): Promise<boolean> => (await standing?.holds()) === true;

  const all = (): OwnedPartition[] => [...owned.values()];

  async function unlessLeft<T>({ topic, partition }: Place, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const isFenced = error instanceof AppError && error.code === 'log_fenced';
      if (!isFenced && !beginsAgain(error)) throw error;
      const name = partitionName(topic, partition);
      if (isFenced) logger.warn(`partition ${name}: another process has taken over`);
      left.set(name, { topic, partition, dueAt: clock.elapsed() + AGAIN_MS });
      const lost = owned.get(name);
      owned.delete(name);
      await lost?.stage.close();
      return undefined;
    }
  }

  function openHere({ topic, partition }: Place): Promise<OwnedStage | undefined> {
    return unlessLeft({ topic, partition }, () => open(topic, partition, holds));
  }

  function own({ topic, partition }: Place, stage: OwnedStage | undefined): void {
    if (stage) owned.set(partitionName(topic, partition), { topic, partition, stage });
  }

  async function close(stages: Map<string, OwnedPartition>): Promise<void> {
    const closed = [...stages.values()];
    stages.clear();
    await Promise.allSettled(closed.map(({ stage }) => stage.close()));
  }

  return {
    all,
    statuses: () => [...owned.values(), ...parked.values()].map(({ stage }) => stage.status()),
    has: (name) => owned.has(name),
    unlessLeft,

    async assign(assigned, generation, now) {
      standing = now;
      left.clear();
      // Somebody may have had them in between.
      if (generation !== lastGeneration + 1) await close(parked);
      lastGeneration = generation;
      await allOf(
        assigned.map(async (place) => {
          const name = partitionName(place.topic, place.partition);
          const kept = parked.get(name);
          parked.delete(name);
          own(place, kept?.stage ?? (await openHere(place)));
        }),
      );
      await close(parked);
    },

    park() {
      for (const [name, one] of owned) parked.set(name, one);
      owned.clear();
      left.clear();
    },

    async drop() {
      lastGeneration = -1;
      left.clear();
      await close(owned);
      await close(parked);
    },

    async reopen() {
      for (const one of all()) {
        owned.delete(partitionName(one.topic, one.partition));
        await one.stage.close();
        own(one, await openHere(one));
      }
    },

    async takeBack() {
      for (const [name, place] of left) {
        if (clock.elapsed() < place.dueAt) continue;
        if (!(await holds())) return;
        left.delete(name);
        own(place, await openHere(place));
      }
    },
  };
}
