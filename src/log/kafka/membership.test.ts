/** Who owns which partitions, as members come, go, are killed and stand still. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { connectTo, freshName } from '../../../test/support/kafka-log.ts';
import { service } from '../../../test/support/services.ts';
import { systemClock } from '../../core/clock.ts';
import type { Assigned } from './assignment.ts';
import type { KafkaConnection } from './connection.ts';
import type { JoinOptions, Membership } from './membership.ts';
import { until } from '../../../test/support/until.ts';

const SESSION_MS = 1_500;
const kafka = service('kafka');
const asMember = process.env['TOCSIN_TEST_MEMBER'];

if (asMember !== undefined) await beMember(JSON.parse(asMember));
else describe('membership of a group', { skip: kafka.skip }, testMembership);

/** A process that is ready, joins when it is told to, says what it gets, and stays until it is killed. */
async function beMember(options: JoinOptions): Promise<void> {
  const say = (word: string, list: readonly Assigned[]): void =>
    void process.stdout.write(`${word} ${list.map(({ partition }) => partition).join(',')}\n`);
  const connection = await connectTo(kafka.address);
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  await connection.join(options, {
    onAssigned(list, _generation, standing) {
      say('assigned', list);
      // What one that woke up after its session finds out before it does anything else.
      standing.lost.addEventListener('abort', () => void standing.holds().then((holds) => process.stdout.write(`holds ${holds}\n`)));
    },
    onRevoked: (list) => say('revoked', list),
    onLost: () => say('lost', []),
  });
}

interface Watched {
  readonly membership: Membership;
  /** What it owns now. */
  owned(): string;
  readonly told: string[];
  /** Resolves when it owns these. */
  owns(partitions: string): Promise<void>;
}

function testMembership(): void {
  let connection: KafkaConnection;
  let topic: string;
  let group: string;
  const open: { leave(): Promise<void> }[] = [];
  const children: ChildProcess[] = [];

  before(async () => {
    connection = await connectTo(kafka.address);
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await connection?.close();
  });

  async function begin(partitions: number): Promise<void> {
    const log = await connection.log({ topic: freshName(), partition: 0 });
    topic = (await log.ensureTopic(freshName(), { partitions })).name;
    group = freshName();
  }

  async function join(
    more: Partial<JoinOptions> = {},
    onRevoked?: () => Promise<void>,
    onAssigned?: () => Promise<void>,
  ): Promise<Watched> {
    const told: string[] = [];
    let owned = '';
    const tell = (what: string, list: string): void => {
      owned = list;
      told.push(what);
    };
    const membership = await connection.join(
      { group, topics: [topic], sessionTimeoutMs: SESSION_MS, ...more },
      {
        async onAssigned(list) {
          await onAssigned?.();
          tell(`assigned ${partitionsOf(list)}`, partitionsOf(list));
        },
        async onRevoked(list) {
          await onRevoked?.();
          tell(`revoked ${partitionsOf(list)}`, '');
        },
        onLost: () => tell('lost', ''),
      },
    );
    open.push(membership);
    return { membership, owned: () => owned, told, owns: (partitions) => until(() => owned === partitions) };
  }

  interface Spawned {
    readonly child: ChildProcess;
    readonly said: AsyncIterator<string>;
    join(): void;
  }

  /** Ready to join: on a busy machine a process may take longer to start than a session lasts. */
  async function spawnMember(more: Partial<JoinOptions> = {}): Promise<Spawned> {
    const options: JoinOptions = { group, topics: [topic], sessionTimeoutMs: SESSION_MS, ...more };
    const env = { ...process.env, TOCSIN_TEST_MEMBER: JSON.stringify(options) };
    const child = spawn(process.execPath, [import.meta.filename], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await said.next()).value, 'ready');
    return { child, said, join: () => void child.stdin.write('join\n') };
  }

  it('partitions are shared, given back before another one gets them, and taken over when one leaves', async () => {
    await begin(4);
    const order: string[] = [];
    const first = await join({}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 300)); // its last commit
      order.push('given back');
    });
    assert.equal(first.owned(), '0,1,2,3');
    const second = await join();
    order.push('assigned to the second');
    assert.deepEqual(order, ['given back', 'assigned to the second']);
    await until(() => first.owned() !== '' && second.owned() !== '');
    assert.deepEqual([first.owned(), second.owned()].sort(), ['0,2', '1,3']);
    const members = await connection.members(group);
    assert.deepEqual(members.map(({ assigned }) => partitionsOf(assigned)).sort(), ['0,2', '1,3']);
    await first.membership.leave();
    await second.owns('0,1,2,3');
    assert.equal(first.told.at(-1)?.startsWith('revoked'), true, 'who leaves gives back');
    await second.membership.leave();
    await second.membership.ended;
    assert.deepEqual(await connection.members(group), []);
  });

  it('who takes longer to open what it got than a session lasts stays a member, and then shares it', async () => {
    await begin(2);
    let second: Promise<Watched> | undefined;
    const first = await join({}, undefined, async () => {
      if (second) return;
      second = join();
      await new Promise((resolve) => setTimeout(resolve, 2 * SESSION_MS)); // it reads what others left
    });
    const other = await second!;
    await until(() => first.owned() !== '' && other.owned() !== '');
    assert.deepEqual([first.told.slice(0, 2), first.told.includes('lost')], [['assigned 0,1', 'revoked 0,1'], false]);
    await Promise.all([first.membership.leave(), other.membership.leave()]);
  });

  it('a topic of one partition elects one, the others stand by', async () => {
    await begin(1);
    const first = await join();
    const second = await join();
    await until(() => [first.owned(), second.owned()].sort().join('|') === '|0');
    await Promise.all([first.membership.leave(), second.membership.leave()]);
  });

  it('a killed member is taken over when its session ends, and a paused one finds out that it has lost all', async () => {
    await begin(2);
    const killed = await spawnMember();
    killed.join();
    assert.equal((await killed.said.next()).value, 'assigned 0,1');
    const survivor = await join();
    assert.match((await killed.said.next()).value, /^revoked/);
    assert.match((await killed.said.next()).value, /^assigned [01]$/);
    const since = systemClock.elapsed();
    killed.child.kill('SIGKILL');
    await survivor.owns('0,1');
    const tookMs = systemClock.elapsed() - since;
    assert.ok(tookMs < SESSION_MS + 2_500, `taken over after ${tookMs} ms`);

    const zombie = await spawnMember();
    zombie.join();
    assert.match((await zombie.said.next()).value, /^assigned/);
    zombie.child.kill('SIGSTOP');
    await survivor.owns('0,1');
    zombie.child.kill('SIGCONT');
    assert.deepEqual(new Set([(await zombie.said.next()).value, (await zombie.said.next()).value]), new Set(['holds false', 'lost ']));
    assert.match((await zombie.said.next()).value, /^assigned/, 'and it joins again');
    zombie.child.kill('SIGKILL');
    await survivor.membership.leave();
  });

  it('one with a name of its own comes back within its session without a rebalance', async () => {
    await begin(2);
    const other = await join({ instanceId: 'b', sessionTimeoutMs: 6_000 });
    const [first, back] = await Promise.all([1, 2].map(() => spawnMember({ instanceId: 'a', sessionTimeoutMs: 6_000 })));
    first!.join();
    const [, mine] = String((await first!.said.next()).value).split(' ');
    await until(() => other.owned().length === 1);
    const told = other.told.length;
    first!.child.kill('SIGKILL');
    await once(first!.child, 'exit');
    back!.join();
    assert.equal((await back!.said.next()).value, `assigned ${mine}`);
    assert.equal(other.told.length, told, 'the other one was not disturbed');
    back!.child.kill('SIGKILL');
    await other.membership.leave();
  });

  it('partitions that a topic gets later are noticed and shared', async () => {
    await begin(1);
    const one = await join();
    assert.equal(one.owned(), '0');
    const log = await connection.log({ topic: freshName(), partition: 0 });
    await log.ensureTopic(topic, { partitions: 3, mayGrow: true });
    await one.owns('0,1,2');
    await one.membership.leave();
  });

  it('a session that the broker does not allow is refused with its setting', async () => {
    await begin(1);
    await assert.rejects(join({ sessionTimeoutMs: 1 }), {
      code: 'log_refused',
      message: /session of 1 ms is outside .*group\.min\.session\.timeout\.ms/,
    });
  });
}

function partitionsOf(list: readonly Assigned[]): string {
  return list.map(({ partition }) => partition).join(',');
}
