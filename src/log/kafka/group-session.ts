/** Who a member is to the coordinator of its group, and what it asks there, by the classic protocol. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { decodeAssignment, encodeSubscription } from './assignment.ts';
import type { Assigned } from './assignment.ts';
import { heartbeatV4, joinGroupV7, leaveGroupV4, syncGroupV5, type API, type JoinGroupResponse } from './client.ts';
import { kafkaErrorIds } from './errors.ts';
import type { Groups } from './groups.ts';
import type { Leader } from './leader.ts';

/** Each call rejects with what the coordinator answers. */
export interface GroupSession {
  /** Begins the next generation of the group; resolves to what this member owns in it. @throws AppError `log_refused` for the session's length */
  join(): Promise<Assigned[]>;
  heartbeat(): Promise<void>;
  /** Of the group; -1 before the first `join` and after `forget`. */
  readonly generation: number;
  /** As of `StandingDeps`. */
  readonly provenAt: number;
  /** The coordinator has gone on without this member: it joins as a new one. */
  forget(): void;
  /** Takes this member off the group, except one with an `instanceId`: its place is kept until its session ends. */
  leave(): Promise<void>;
}

export interface GroupSessionConfig {
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly instanceId: string | null;
  /** For messages: the address without secrets. */
  readonly shown: string;
}

export interface GroupSessionDeps {
  readonly groups: Pick<Groups, 'call' | 'identify'>;
  readonly leader: Pick<Leader, 'deal' | 'stepDown'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

const PROTOCOL_TYPE = 'consumer';
const PROTOCOL = 'tocsin';
/**
 * How long the others wait for a member that is there and still opens its partitions, or gives them back. If it were less than that takes,
 * two would take all partitions from each other for ever. Whoever joins asks again where that is longer than a request may take.
 */
const REBALANCE_MS = 5 * 60_000;

export function createGroupSession(config: GroupSessionConfig, { groups, leader, clock }: GroupSessionDeps): GroupSession {
  const { group, topics, sessionTimeoutMs, instanceId, shown } = config;
  // The coordinator holds the answer to one who joins back, and with it all that comes after it on that connection.
  const lane = `member ${randomUUID()}`;
  const rebalanceMs = Math.max(REBALANCE_MS, sessionTimeoutMs);
  let memberId = '';
  let generation = -1;
  let provenAt = 0;
  /** When the last request was sent after which no rebalance was under way. */
  let calmAt = 0;

  function ask<A extends unknown[], R>(api: API<A, R>, args: A): Promise<R> {
    return groups.call(group, api, args, lane);
  }

  async function enter(): Promise<JoinGroupResponse> {
    const protocols = [{ name: PROTOCOL, metadata: encodeSubscription(topics) }];
    try {
      return await ask(joinGroupV7.api, [group, sessionTimeoutMs, rebalanceMs, memberId, instanceId, PROTOCOL_TYPE, protocols]);
    } catch (error) {
      const ids = kafkaErrorIds(error);
      if (ids.includes('MEMBER_ID_REQUIRED')) {
        memberId = (error as { response?: JoinGroupResponse }).response?.memberId ?? '';
        return enter();
      }
      if (ids.includes('INVALID_SESSION_TIMEOUT')) {
        const says = `a session of ${sessionTimeoutMs} ms is outside of what the broker allows`;
        throw new AppError('log_refused', `${shown}: ${says} (group.min.session.timeout.ms, group.max.session.timeout.ms).`, {
          cause: error,
        });
      }
      throw error;
    }
  }

  return {
    get generation() {
      return generation;
    },
    get provenAt() {
      return provenAt;
    },

    async join() {
      leader.stepDown();
      const response = await enter();
      memberId = response.memberId;
      generation = response.generationId;
      const assignments = response.leader === memberId ? await leader.deal(response.members) : [];
      const args = [group, generation, memberId, instanceId, PROTOCOL_TYPE, PROTOCOL, assignments] as Parameters<
        typeof syncGroupV5.createRequest
      >;
      const sentAt = clock.elapsed();
      const { assignment } = await ask(syncGroupV5.api, args);
      provenAt = calmAt = sentAt;
      groups.identify(group, { memberId, generation, instanceId });
      return decodeAssignment(assignment);
    },

    /**
     * An answer that tells to join again is one from which the session counts, too, though not beyond what the others wait: the rebalance may
     * have begun right after the calm.
     */
    async heartbeat() {
      const [sentAt, asWhom] = [clock.elapsed(), generation];
      const proven = (at: number): void => {
        if (asWhom === generation) provenAt = Math.max(provenAt, at);
      };
      try {
        await ask(heartbeatV4.api, [group, generation, memberId, instanceId]);
        proven(sentAt);
        if (asWhom === generation) calmAt = Math.max(calmAt, sentAt);
      } catch (error) {
        if (kafkaErrorIds(error).includes('REBALANCE_IN_PROGRESS')) proven(Math.min(sentAt, calmAt + rebalanceMs - sessionTimeoutMs));
        throw error;
      }
    },

    forget() {
      groups.identify(group, undefined);
      memberId = '';
      generation = -1;
    },

    async leave() {
      groups.identify(group, undefined);
      if (memberId === '' || instanceId !== null) return;
      // Not behind the answer to a join that is still held back.
      await groups.call(group, leaveGroupV4.api, [group, [{ memberId, groupInstanceId: null }]]);
    },
  };
}
