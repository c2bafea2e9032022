/** Who does what of a pipeline on Kafka, as its consumer groups say, and how far each is behind what it reads. */
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Log } from '../../log/log.ts';
import { MONITOR_LAG_MAX } from '../../pipeline/aggregate/aggregate-stage.ts';
import { notifyGroup } from '../../pipeline/notify-stage.ts';
import { olapGroup } from '../../pipeline/olap-writer.ts';
import { monitorGroup, partialsTopic, STATE_PARTITIONS, stateTopic } from '../../pipeline/stage-topics.ts';
import { partitionName } from '../../windows/plan.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';

export interface FleetMember {
  /** As Kafka names it: the client and a random part, so that processes of one host are told apart. */
  readonly member: string;
  readonly host: string;
  /** What it owns: `ad-events/0`; nothing: it stands by. */
  readonly owns: readonly string[];
}

export interface FleetRole {
  readonly role: 'aggregate' | 'monitor' | 'notify' | 'store' | 'ingest';
  readonly group: string;
  /** Those who own something first. */
  readonly members: readonly FleetMember[];
  /** Records that it has not read yet, over all that it reads; null: it reads no topic of the log. */
  readonly lag: number | null;
}

export interface Fleet {
  readonly roles: readonly FleetRole[];
  /** The aggregations wait, because the monitor is this far behind: records of `p.partials`. */
  readonly backpressure: { readonly paused: boolean; readonly partials: number; readonly limit: number };
  /** Input partitions that nobody owns: their records wait. */
  readonly unowned: readonly string[];
}

type Groups = Pick<KafkaConnection, 'lag' | 'members'>;

export async function readFleet(groups: Groups, log: Pick<Log, 'topics' | 'bounds'>, pipeline: PipelineRecord): Promise<Fleet> {
  const { name, topics, sources } = pipeline;
  const there = new Set((await log.topics()).map((topic) => topic.name));
  const lagOf = async (group: string, names: readonly string[]): Promise<number> => {
    const known = names.filter((topic) => there.has(topic));
    return known.length === 0 ? 0 : (await groups.lag(group, known)).reduce((sum, { lag }) => sum + lag, 0);
  };
  const partials = await lagOf(monitorGroup(name), [partialsTopic(name)]);
  const aggregates = await membersOf(groups, name);
  const owned = new Set(aggregates.flatMap(({ owns }) => owns));
  const inputs = sources.flatMap(({ topic, partitions }) => Array.from({ length: partitions }, (_, i) => partitionName(topic, i)));
  const rawTopics = [...new Set(sources.map(({ topic }) => topic))];
  const roles: FleetRole[] = [
    { role: 'aggregate', group: name, members: aggregates, lag: await lagOf(name, rawTopics) },
    { role: 'monitor', group: monitorGroup(name), members: await membersOf(groups, monitorGroup(name)), lag: partials },
  ];
  const notify = notifyGroup(name);
  roles.push({ role: 'notify', group: notify, members: await membersOf(groups, notify), lag: await lagOf(notify, [topics.alerts]) });
  /** Whoever has played a role has left something in its ledger. */
  const everPlayed = async (role: 'store' | 'sources'): Promise<boolean> =>
    there.has(stateTopic(name)) && (await log.bounds(stateTopic(name), STATE_PARTITIONS[role])).end > 0;
  const store = olapGroup(name);
  const storeMembers = await membersOf(groups, store);
  // Where it should be played and is not, that is to be seen. A run without an OLAP server has no such role.
  const isServer = pipeline.olapStore !== 'none' && !pipeline.olapStore.startsWith('embedded');
  if (storeMembers.length > 0 || isServer || (pipeline.olapStore !== 'none' && (await everPlayed('store')))) {
    const lag = await lagOf(store, [topics.windows, topics.alerts, topics.deadLetters]);
    roles.push({ role: 'store', group: store, members: storeMembers, lag });
  }
  const ingest = `${name}.ingest`;
  const ingestMembers = await membersOf(groups, ingest);
  if (ingestMembers.length > 0 || (await everPlayed('sources'))) {
    roles.push({ role: 'ingest', group: ingest, members: ingestMembers, lag: null });
  }
  return {
    roles,
    backpressure: { paused: partials > MONITOR_LAG_MAX, partials, limit: MONITOR_LAG_MAX },
    unowned: inputs.filter((input) => !owned.has(input)),
  };
}

async function membersOf(groups: Groups, group: string): Promise<FleetMember[]> {
  const members = await groups.members(group);
  return members
    .map(({ memberId, host, assigned }) => ({
      member: memberId,
      host,
      owns: assigned.map(({ topic, partition }) => partitionName(topic, partition)).sort(),
    }))
    .sort((a, b) => b.owns.length - a.owns.length || (a.member < b.member ? -1 : 1));
}
