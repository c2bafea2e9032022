/**
 * The stages one by one, each on a ledger of its own in the same log: appends first, then state and offsets, and in between anything may
 * happen. Members die between the two, are replaced while they still work, and come back with what they had not told yet.
 */
import { AppError } from '../../src/core/errors.ts';
import { createRandom } from '../../src/core/random.ts';
import type { Log } from '../../src/log/log.ts';
import { openAggregateStage, type AggregateStage } from '../../src/pipeline/aggregate/aggregate-stage.ts';
import { ensureTopics, type Committed, type Engine, type EngineConfig, type EngineDeps } from '../../src/pipeline/engine.ts';
import { openMonitorStage, type MonitorStage } from '../../src/pipeline/monitor/monitor-stage.ts';
import type { Monitor } from '../../src/pipeline/monitor/monitor.ts';
import { PARTIALS_SETTINGS, partialsTopic } from '../../src/pipeline/stage-topics.ts';
import { inputPartitions } from '../../src/windows/plan.ts';

export interface Faults {
  readonly seed: number;
  /** Share of commits that end between the appends and the note, or right before the appends. */
  readonly deaths: number;
  /** Share of commits in whose place a member is replaced, without its knowledge. */
  readonly zombies: number;
}

class Death extends Error {}

/** `monitorAnew`: each life of the monitor has its own. */
export type OpenEngine = (config: EngineConfig, deps: EngineDeps, monitorAnew: () => Monitor) => Promise<Engine>;

/** Opens engines made of stages; what each finds is what the earlier ones noted. */
export function stagedOpener(faults: Faults): OpenEngine {
  const random = createRandom(faults.seed);
  const chance = (probability: number): boolean => random.unit() < probability;
  const owners = new Map<string, number>();
  let isCalm = true;

  function ledger(log: Log, name: string): Log {
    const owner = (owners.get(name) ?? 0) + 1;
    owners.set(name, owner);
    const named = (key: string): string => `${name}|${key}`;
    return {
      ...log,
      async commit({ appends = [], offsets = [], state = [] }) {
        const dies = !isCalm && chance(faults.deaths);
        if (dies && chance(0.3)) throw new Death();
        const firsts = await log.commit({ appends });
        if (dies) throw new Death();
        if (owners.get(name) !== owner) throw new AppError('log_fenced', name);
        await log.commit({
          state: state.map(([key, value]) => [named(key), value]),
          offsets: offsets.map((offset) => ({ ...offset, group: named(offset.group) })),
        });
        return firsts;
      },
      committed: (group, topic, partition) => log.committed(named(group), topic, partition),
      state: async (prefix) => (await log.state(named(prefix))).map(([key, value]) => [key.slice(name.length + 1), value]),
    };
  }

  return async (config, deps, monitorAnew) => {
    const { plan } = config;
    const { pipeline } = plan.spec;
    await ensureTopics(config, deps.log);
    await deps.log.ensureTopic(partialsTopic(pipeline), PARTIALS_SETTINGS);
    const inputs = inputPartitions(plan.spec);
    const zombies: { commit(): Promise<unknown> }[] = [];

    function openPartition({ source, partition, name }: (typeof inputs)[number]): Promise<AggregateStage> {
      const check = deps.checks.get(source.name);
      return openAggregateStage(
        { ...config, source, partition, start: (bounds) => config.start(source.topic, partition, bounds) },
        {
          ...deps,
          log: ledger(deps.log, name),
          parse: deps.parse[source.format],
          ...(check && { check }),
          monitorLag: () => Promise.resolve(0),
        },
      );
    }

    const openMonitor = (): Promise<MonitorStage> =>
      openMonitorStage(config, { ...deps, log: ledger(deps.log, 'monitor'), monitor: monitorAnew() });

    const stages: AggregateStage[] = [];
    for (const input of inputs) stages.push(await openPartition(input));
    let monitor = await openMonitor();

    /** Commits; false where it died, or will go on as a zombie: then another has to take over. */
    async function survives(one: { commit(): Promise<unknown> }): Promise<boolean> {
      if (chance(faults.zombies)) {
        zombies.push(one);
        return false;
      }
      isCalm = false;
      try {
        await one.commit();
        return true;
      } catch (error) {
        if (!(error instanceof Death)) throw error;
        return false;
      } finally {
        isCalm = true;
      }
    }

    /** They tell what they still have; noting it is refused. */
    async function wakeZombies(): Promise<void> {
      for (const zombie of zombies.splice(0)) {
        await zombie.commit().then(
          () => Promise.reject(new Error('a zombie noted something')),
          (error: unknown) => {
            if (!(error instanceof AppError && error.code === 'log_fenced')) throw error;
          },
        );
      }
    }

    async function commitAll(): Promise<Committed> {
      for (const [i, stage] of stages.entries()) {
        if (chance(0.2)) continue;
        if (!(await survives(stage))) stages[i] = await openPartition(inputs[i]!);
      }
      while (chance(0.8) && (await monitor.step()) > 0);
      let committed: Committed = { records: [], provisional: [], alerts: [], deadLetters: 0 };
      const current = monitor;
      const commit = async (): Promise<void> => {
        committed = await current.commit();
      };
      if (!(await survives({ commit }))) monitor = await openMonitor();
      if (chance(0.5)) await wakeZombies();
      return committed;
    }

    return {
      async step() {
        let read = 0;
        for (const stage of stages) read += await stage.step();
        return read;
      },
      hasNews: () => stages.some((stage) => stage.hasNews()),
      commit: commitAll,
      async flush() {
        await wakeZombies();
        for (const stage of stages) {
          await stage.commit({ readToEnd: true });
          if (stage.hasNews()) await stage.commit({ readToEnd: true });
        }
        while ((await monitor.step()) > 0);
        const committed = await monitor.commit();
        return { ...committed, provisional: (await monitor.flush()).provisional };
      },
      counts: () => monitor.counts(),
      partitions: () => monitor.partitions(),
      get frontier() {
        return monitor.frontier;
      },
      pendingBytes: 0,
      close: async () => {},
    };
  };
}
